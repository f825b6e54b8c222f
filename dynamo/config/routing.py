"""From the router settings to what a worker asks for when it registers its model."""

from typing import Any

from dynamo.config.plan import RouterPlan
from dynamo.config.schema import Config

DEFAULT_MODE = "round-robin"

ROUTER_ARGUMENTS = {
    "session_affinity_ttl_seconds": "session_affinity_ttl_secs",
    "session_affinity_mode": "session_affinity_mode",
    "active_decode_blocks_threshold": "active_decode_blocks_threshold",
    "active_prefill_tokens_threshold": "active_prefill_tokens_threshold",
    "active_prefill_tokens_threshold_frac": "active_prefill_tokens_threshold_frac",
}
"""Settings for every mode, and the runtime's names for them."""

KV_ARGUMENTS = {
    "overlap_score_credit": "overlap_score_credit",
    "overlap_score_credit_decay": "overlap_score_credit_decay",
    "prefill_load_scale": "prefill_load_scale",
    "decode_active_request_weight": "decode_active_request_weight",
    "host_cache_hit_weight": "host_cache_hit_weight",
    "disk_cache_hit_weight": "disk_cache_hit_weight",
    "temperature": "router_temperature",
    "use_kv_events": "use_kv_events",
    "replica_sync": "router_replica_sync",
    "track_active_blocks": "router_track_active_blocks",
    "track_output_blocks": "router_track_output_blocks",
    "track_prefill_tokens": "router_track_prefill_tokens",
    "assume_kv_reuse": "router_assume_kv_reuse",
    "ttl_seconds": "router_ttl_secs",
    "predicted_ttl_seconds": "router_predicted_ttl_secs",
    "approximate_cache_policy": "router_approximate_cache_policy",
    "event_threads": "router_event_threads",
    "queue_threshold": "router_queue_threshold",
    "queue_policy": "router_queue_policy",
    "policy_config": "router_policy_config",
    "conditional_disagg": "conditional_disagg_enabled",
    "use_remote_indexer": "use_remote_indexer",
    "shared_cache_type": "shared_cache_type",
    "shared_cache_multiplier": "shared_cache_multiplier",
}
"""Settings for the mode `kv`, and the runtime's names for them."""


def router_plan(config: Config) -> RouterPlan | None:
    """Return what the model's registration says about routing; None leaves it to the frontend.

    A mode that is set is said by a worker with a frontend in its process too: workers of one model
    must register it in the same words, or the frontend leaves all but the first of them out.
    """
    general = chosen(config, ROUTER_ARGUMENTS)
    kv = chosen(config, KV_ARGUMENTS)
    mode = config.frontend.router_mode
    if config.frontend.kind != "none" and (general or kv):
        mode = mode or DEFAULT_MODE
    return RouterPlan(mode, general, kv) if mode else None


def chosen(config: Config, arguments: dict[str, str]) -> dict[str, Any]:
    """Return the settings that are set, under the runtime's names."""
    values = {name: getattr(config.router, field) for field, name in arguments.items()}
    return {name: value for name, value in values.items() if value is not None}
