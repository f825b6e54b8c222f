"""Packages that connectors need and that do not come with vLLM."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.engines.vllm.kv_transfer import NIXL_CONNECTORS, connector_entries

PACKAGES = {
    **dict.fromkeys(NIXL_CONNECTORS, ("nixl", "--no-deps nixl nixl-cu12")),
    "LMCacheConnectorV1": ("lmcache", "lmcache"),
    "LMCacheMPConnector": ("lmcache", "lmcache"),
    "MooncakeConnector": ("mooncake", "mooncake-transfer-engine"),
    "MooncakeStoreConnector": ("mooncake", "mooncake-transfer-engine"),
    "FlexKVConnectorV1": ("flexkv", ""),
}
"""What each connector imports, and what `pip install` takes for it."""


def connector_packages(transfer: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what must be importable for a `kv_transfer_config`, and what to install for it."""
    return dict(_packages(transfer or {}))


def _packages(transfer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in connector_entries(transfer):
        module = entry.get("kv_connector_module_path")
        if module:
            yield str(module).split(".", maxsplit=1)[0], ""
        elif entry.get("kv_connector") in PACKAGES:
            yield PACKAGES[str(entry["kv_connector"])]
