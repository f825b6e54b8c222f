"""The whole configuration as dataclasses. Values live in conf/, types and meaning here."""

from dataclasses import dataclass, field

from omegaconf import MISSING

from dynamo.config.fields import setting
from dynamo.config.schema.backend import BackendConfig, MockerBackend, VllmBackend
from dynamo.config.schema.connector import ConnectorConfig, ConnectorEntry
from dynamo.config.schema.model import ModelConfig, MultimodalConfig, RoleConfig
from dynamo.config.schema.planes import (
    EventPlaneConfig,
    NatsConfig,
    RequestPlaneConfig,
    StoreConfig,
)
from dynamo.config.schema.runtime import RuntimeConfig
from dynamo.config.schema.service import FrontendConfig, WorkloadConfig

ACTIONS = ("serve", "check", "plan", "command", "explain", "bench")

BACKENDS: dict[str, type[BackendConfig]] = {"vllm": VllmBackend, "mocker": MockerBackend}


@dataclass
class Config:
    """A worker, from the model to the address where it answers."""

    action: str = setting("serve", choices=ACTIONS)
    """What to do with the configuration."""
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    request_plane: RequestPlaneConfig = field(default_factory=RequestPlaneConfig)
    event_plane: EventPlaneConfig = field(default_factory=EventPlaneConfig)
    nats: NatsConfig = field(default_factory=NatsConfig)
    backend: BackendConfig = MISSING
    connector: ConnectorConfig = field(default_factory=ConnectorConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    role: RoleConfig = field(default_factory=RoleConfig)
    multimodal: MultimodalConfig = field(default_factory=MultimodalConfig)
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    workload: WorkloadConfig = field(default_factory=WorkloadConfig)


__all__ = [
    "ACTIONS",
    "BACKENDS",
    "BackendConfig",
    "Config",
    "ConnectorConfig",
    "ConnectorEntry",
    "EventPlaneConfig",
    "FrontendConfig",
    "MockerBackend",
    "ModelConfig",
    "MultimodalConfig",
    "NatsConfig",
    "RequestPlaneConfig",
    "RoleConfig",
    "RuntimeConfig",
    "StoreConfig",
    "VllmBackend",
    "WorkloadConfig",
]
