"""What vLLM's connectors want to know to hand KV cache from one engine to another (R134)."""

from collections.abc import Mapping
from typing import Any

from dynamo.engines.base import GenerateRequest
from dynamo.engines.vllm.kv_transfer import NIXL_CONNECTORS, connector_names

MOONCAKE = "MooncakeConnector"


def prefill_params(transfer: Mapping[str, Any] | None, request_id: str) -> dict[str, Any] | None:
    """Return `kv_transfer_params` of a request that is only prefilled; None: nothing to say.

    Connectors that find blocks by their content, such as those with shared storage, want none.
    """
    names = set(connector_names(transfer or {}))
    asked: dict[str, Any] = {}
    if names.intersection(NIXL_CONNECTORS):
        unknown = ("remote_engine_id", "remote_block_ids", "remote_host", "remote_port")
        asked |= dict.fromkeys(unknown)
    if MOONCAKE in names:
        asked["transfer_id"] = request_id
    if not asked:
        return None
    return {"do_remote_decode": True, "do_remote_prefill": False, **asked}


def mooncake_source(
    asked: Mapping[str, Any] | None, engine_id: str | None, bootstrap_address: str
) -> dict[str, Any] | None:
    """Return where Mooncake fetches what a request prefilled; None where it does not.

    NIXL says that itself when the request ends; Mooncake leaves it to whoever passes requests on.
    """
    if not asked or not asked.get("do_remote_decode") or "transfer_id" not in asked:
        return None
    return {
        "do_remote_decode": False,
        "do_remote_prefill": True,
        "remote_engine_id": engine_id,
        "remote_bootstrap_addr": bootstrap_address,
        "transfer_id": asked["transfer_id"],
    }


def fetches_for_several(request: GenerateRequest) -> bool:
    """Whether KV cache comes from another engine, and more than one choice needs it."""
    fetches = (request.kv_transfer_params or {}).get("do_remote_prefill")
    return bool(fetches) and (request.sampling.get("n") or 1) > 1
