"""The whole configuration as dataclasses. Values live in conf/, types and meaning here."""

from dataclasses import dataclass, field

from omegaconf import MISSING

from dynamo.config.fields import setting
from dynamo.config.schema.backend import BackendConfig, MockerBackend, VllmBackend
from dynamo.config.schema.connector import ConnectorConfig, ConnectorEntry
from dynamo.config.schema.control import ControlConfig
from dynamo.config.schema.fleet import FleetConfig
from dynamo.config.schema.global_router import GlobalRouterConfig
from dynamo.config.schema.health import HealthConfig
from dynamo.config.schema.kubernetes import KubernetesConfig
from dynamo.config.schema.logs import LogsConfig
from dynamo.config.schema.lora import LoraConfig
from dynamo.config.schema.model import ModelConfig, MultimodalConfig, RoleConfig
from dynamo.config.schema.network import NetworkConfig, TopologyConfig
from dynamo.config.schema.planes import EventPlaneConfig, NatsConfig, StoreConfig
from dynamo.config.schema.request_plane import RequestPlaneConfig
from dynamo.config.schema.router import RouterConfig
from dynamo.config.schema.runtime import RuntimeConfig
from dynamo.config.schema.sampling import SamplingConfig
from dynamo.config.schema.service import FrontendConfig, WorkloadConfig
from dynamo.config.schema.sglang import SglangBackend
from dynamo.config.schema.telemetry import TelemetryConfig
from dynamo.config.schema.trtllm import TrtllmBackend, TrtllmDiffusion

ACTIONS = (
    "serve", "frontend", "kv_index", "check", "plan", "command", "manifest", "explain", "bench",
)  # fmt: skip

BACKENDS: dict[str, type[BackendConfig]] = {
    "vllm": VllmBackend,
    "sglang": SglangBackend,
    "trtllm": TrtllmBackend,
    "mocker": MockerBackend,
}


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
    network: NetworkConfig = field(default_factory=NetworkConfig)
    topology: TopologyConfig = field(default_factory=TopologyConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    logs: LogsConfig = field(default_factory=LogsConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
    backend: BackendConfig = MISSING
    connector: ConnectorConfig = field(default_factory=ConnectorConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    role: RoleConfig = field(default_factory=RoleConfig)
    multimodal: MultimodalConfig = field(default_factory=MultimodalConfig)
    lora: LoraConfig = field(default_factory=LoraConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    router: RouterConfig = field(default_factory=RouterConfig)
    global_router: GlobalRouterConfig = field(default_factory=GlobalRouterConfig)
    kubernetes: KubernetesConfig = field(default_factory=KubernetesConfig)
    workload: WorkloadConfig = field(default_factory=WorkloadConfig)
    fleet: FleetConfig = field(default_factory=FleetConfig)


__all__ = [
    "ACTIONS",
    "BACKENDS",
    "BackendConfig",
    "Config",
    "ConnectorConfig",
    "ConnectorEntry",
    "ControlConfig",
    "EventPlaneConfig",
    "FleetConfig",
    "FrontendConfig",
    "GlobalRouterConfig",
    "HealthConfig",
    "KubernetesConfig",
    "LogsConfig",
    "LoraConfig",
    "MockerBackend",
    "ModelConfig",
    "MultimodalConfig",
    "NatsConfig",
    "NetworkConfig",
    "RequestPlaneConfig",
    "RoleConfig",
    "RouterConfig",
    "RuntimeConfig",
    "SamplingConfig",
    "SglangBackend",
    "StoreConfig",
    "TelemetryConfig",
    "TopologyConfig",
    "TrtllmBackend",
    "TrtllmDiffusion",
    "VllmBackend",
    "WorkloadConfig",
]
