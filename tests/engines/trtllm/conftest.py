"""Configurations of a TensorRT-LLM worker, built without composing files."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.schema import (
    Config,
    ConnectorConfig,
    ConnectorEntry,
    LogsConfig,
    ModelConfig,
    MultimodalConfig,
    RoleConfig,
    RuntimeConfig,
    StoreConfig,
    TrtllmBackend,
)

Build = Callable[..., Config]


@pytest.fixture
def build() -> Build:
    """Build a worker of a cluster; keyword arguments of the LLM class go to `engine`."""

    def run(
        engine: dict[str, Any] | None = None,
        *,
        connectors: tuple[str, ...] = (),
        role: str = "aggregated",
        media: MultimodalConfig | None = None,
        runtime: RuntimeConfig | None = None,
        log: str | None = None,
        **backend: Any,
    ) -> Config:
        return Config(
            backend=TrtllmBackend(engine=engine or {}, **backend),
            connector=ConnectorConfig({name: ConnectorEntry(name) for name in connectors}),
            role=RoleConfig(role),
            store=StoreConfig(kind="etcd"),
            multimodal=media or MultimodalConfig(),
            runtime=runtime or RuntimeConfig(),
            logs=LogsConfig(level=log),
            model=ModelConfig("org/model"),
        )

    return run
