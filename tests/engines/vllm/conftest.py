"""Configurations of a vLLM worker, built without composing files."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.schema import (
    Config,
    ConnectorConfig,
    ConnectorEntry,
    FrontendConfig,
    ModelConfig,
    RoleConfig,
    StoreConfig,
    VllmBackend,
)

Build = Callable[..., Config]

CLASSES = {"nixl": "NixlConnector", "lmcache": "LMCacheConnectorV1", "kvbm": "DynamoConnector"}


@pytest.fixture
def build() -> Build:
    """Build a worker of a cluster; keyword arguments of vLLM go to `engine`."""

    def run(
        engine: dict[str, Any] | None = None,
        *,
        connectors: tuple[str, ...] = (),
        role: str = "aggregated",
        store: str = "etcd",
        router_mode: str = "round-robin",
        model: ModelConfig | None = None,
        **backend: Any,
    ) -> Config:
        return Config(
            backend=VllmBackend(engine=engine or {}, **backend),
            connector=ConnectorConfig({name: ConnectorEntry(CLASSES[name]) for name in connectors}),
            role=RoleConfig(role),
            store=StoreConfig(kind=store),
            frontend=FrontendConfig(router_mode=router_mode),
            model=model or ModelConfig("org/model"),
        )

    return run
