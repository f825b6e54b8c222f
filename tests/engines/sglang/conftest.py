"""Configurations of an SGLang worker, built without composing files."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.schema import (
    Config,
    ConnectorConfig,
    ConnectorEntry,
    FrontendConfig,
    ModelConfig,
    MultimodalConfig,
    RoleConfig,
    RuntimeConfig,
    SglangBackend,
    StoreConfig,
)

Build = Callable[..., Config]


@pytest.fixture
def build() -> Build:
    """Build a worker of a cluster; keyword arguments of SGLang go to `engine`."""

    def run(
        engine: dict[str, Any] | None = None,
        *,
        connectors: tuple[str, ...] = (),
        role: str = "aggregated",
        router_mode: str = "round-robin",
        media: MultimodalConfig | None = None,
        runtime: RuntimeConfig | None = None,
        model: ModelConfig | None = None,
        **backend: Any,
    ) -> Config:
        return Config(
            backend=SglangBackend(engine=engine or {}, **backend),
            connector=ConnectorConfig({name: ConnectorEntry(name) for name in connectors}),
            role=RoleConfig(role),
            store=StoreConfig(kind="etcd"),
            frontend=FrontendConfig(kind="none", router_mode=router_mode),
            multimodal=media or MultimodalConfig(),
            runtime=runtime or RuntimeConfig(),
            model=model or ModelConfig("org/model"),
        )

    return run
