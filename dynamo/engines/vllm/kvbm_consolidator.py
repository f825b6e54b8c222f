"""KVBM's consolidator, which joins the KV events of all its tiers into one stream (R78)."""

import logging
from collections.abc import Sequence
from typing import Any

logger = logging.getLogger(__name__)

CONNECTORS = ("DynamoConnector", "PdConnector")


def add_consolidator(config: Any) -> Sequence[str] | None:
    """R78: tell KVBM's connector where to listen and publish, as it wants it before the start.

    Returns its three addresses (vLLM's, the one to bind, the one to connect to), or None: without
    KVBM or KV events, where its switch is off, and where it cannot be had, which is logged.
    """
    transfer = config.kv_transfer_config
    events = config.kv_events_config
    if transfer is None or transfer.kv_connector not in CONNECTORS:
        return None
    if events is None or not events.enable_kv_cache_events:
        return None
    try:
        from kvbm.vllm_integration.consolidator_config import get_consolidator_endpoints
    except ImportError as error:
        logger.warning("KV events come from vLLM alone: KVBM has no consolidator (%s)", error)
        return None
    addresses: Sequence[str] | None = get_consolidator_endpoints(config)
    if addresses is not None:
        config.additional_config["consolidator_endpoints"] = tuple(addresses)
    return addresses
