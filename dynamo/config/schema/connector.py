"""KV cache connectors: what moves or keeps KV cache outside one engine."""

from dataclasses import dataclass, field
from typing import Any

from dynamo.config.fields import setting


@dataclass
class ConnectorEntry:
    """One connector, in the engine's own terms."""

    kv_connector: str = ""
    """Connector class known to the engine, such as `NixlConnector`."""
    kv_role: str = setting("kv_both", choices=("kv_both", "kv_producer", "kv_consumer"))
    """Whether this engine sends KV cache, receives it, or both."""
    kv_connector_module_path: str | None = None
    """Python module that defines the connector class when the engine does not."""
    kv_connector_extra_config: dict[str, Any] = field(default_factory=dict)
    """Settings that the connector class defines itself."""


@dataclass
class ConnectorConfig:
    """The connectors in use. `connector=nixl` chooses one, `connector=[kvbm,nixl]` several, in
    order (R48 to R57). Today's worker of the reference refuses this for vLLM and wants the engine's
    `kv_transfer_config` (R64); here both ways stay, one at a time (R50)."""

    chain: dict[str, ConnectorEntry] = setting({}, env=("DYN_CONNECTOR",), selects="connector")
    """Chosen connectors by name, first one asked first; empty: none."""
    kvbm_cpu_cache_gb: float | None = setting(None, env=("DYN_KVBM_CPU_CACHE_GB",), minimum=0)
    """GB of main memory in which KVBM keeps KV cache; it wants this or a disk cache."""
    kvbm_disk_cache_gb: float | None = setting(None, env=("DYN_KVBM_DISK_CACHE_GB",), minimum=0)
    """GB of disk in which KVBM keeps KV cache."""
    kvbm_event_consolidator: bool | None = setting(
        None, env=("DYN_KVBM_KV_EVENTS_ENABLE_CONSOLIDATOR",)
    )
    """Whether KVBM merges the KV events of all its tiers into one stream; unset: on (R78)."""
