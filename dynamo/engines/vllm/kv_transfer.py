"""From the chosen connectors to vLLM's `kv_transfer_config` (R48 to R58, R61)."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.schema import ConnectorEntry

KVBM_MODULE = "kvbm.vllm_integration.connector"
PD_CONNECTORS = frozenset({"kvbm", "lmcache", "flexkv", "nixl"})
"""What KVBM's PdConnector knows: one that offloads KV cache, then NIXL to hand it over."""
NIXL_CONNECTORS = ("NixlConnector", "NixlPullConnector", "NixlPushConnector")


def kv_transfer_config(chain: Mapping[str, ConnectorEntry]) -> dict[str, Any] | None:
    """R51, R55, R57: the mapping for KVTransferConfig, or None for no connector.

    Without a choice the connector is NIXL with `deployment=cluster`, as the documents say; with
    `deployment=local` one process does everything, and there is none. One connector stands for
    itself (R52 to R54); several are wrapped, in the given order: in KVBM's PdConnector if it knows
    them all, else in vLLM's own MultiConnector.
    """
    entries = [_entry(connector) for connector in chain.values()]
    if not entries:
        return None
    if len(entries) == 1:
        return entries[0]
    inner = {"kv_connector_extra_config": {"connectors": entries}}
    if chain.keys() <= PD_CONNECTORS:
        wrapper = {"kv_connector": "PdConnector", "kv_role": "kv_both"}
        return {**wrapper, "kv_connector_module_path": KVBM_MODULE, **inner}
    return {"kv_connector": "MultiConnector", "kv_role": "kv_both", **inner}


def _entry(connector: ConnectorEntry) -> dict[str, Any]:
    """Leave out what is not set, so that vLLM's own default holds."""
    optional = {
        "kv_connector_module_path": connector.kv_connector_module_path,
        "kv_connector_extra_config": dict(connector.kv_connector_extra_config),
    }
    given = {name: value for name, value in optional.items() if value}
    return {"kv_connector": connector.kv_connector, "kv_role": connector.kv_role, **given}


def has_connector(chain: Mapping[str, ConnectorEntry], name: str) -> bool:
    """R58: whether the connector is in the list."""
    return name in chain


def uses_nixl(transfer: Mapping[str, Any] | None) -> bool:
    """R61: whether a `kv_transfer_config` moves KV cache by NIXL, alone or inside a wrapper."""
    return any(name in NIXL_CONNECTORS for name in connector_names(transfer or {}))


def counts_elsewhere(transfer: Mapping[str, Any] | None) -> bool:
    """R110: whether the connector keeps metrics in the engine core's process (LMCache)."""
    return any("LMCache" in name for name in connector_names(transfer or {}))


def connector_names(transfer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the connector classes of a `kv_transfer_config`, a wrapper before those inside."""
    for entry in connector_entries(transfer):
        yield str(entry.get("kv_connector"))


def connector_entries(transfer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a `kv_transfer_config` and those inside it; what is none is left to vLLM to refuse."""
    yield transfer
    extra = transfer.get("kv_connector_extra_config")
    inside = extra.get("connectors") if isinstance(extra, Mapping) else None
    for inner in inside if isinstance(inside, list | tuple) else ():
        if isinstance(inner, Mapping):
            yield from connector_entries(inner)
