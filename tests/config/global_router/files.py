"""Valid files of the global router, to be damaged by tests."""

from typing import Any


def disagg() -> dict[str, Any]:
    """Two prefill pools, three decode pools; latencies without their unit, as of old."""
    return {
        "num_prefill_pools": 2,
        "num_decode_pools": 3,
        "prefill_pool_dynamo_namespaces": ["prefill-fast", "prefill-slow"],
        "decode_pool_dynamo_namespaces": ["d0", "d1", "d2"],
        "prefill_pool_selection_strategy": {
            "isl_min": 0,
            "isl_max": 32000,
            "isl_resolution": 2,
            "ttft_min": 100,
            "ttft_max": 400,
            "ttft_resolution": 3,
            "prefill_pool_mapping": [[0, 0, 1], [0, 1, 1]],
        },
        "decode_pool_selection_strategy": {
            "context_length_min": 0,
            "context_length_max": 1000,
            "context_length_resolution": 2,
            "itl_min": 10,
            "itl_max": 50,
            "itl_resolution": 2,
            "decode_pool_mapping": [[0, 1], [1, 2]],
        },
    }


def agg() -> dict[str, Any]:
    """Two pools for both phases; latencies with their unit, as of today."""
    return {
        "mode": "agg",
        "enable_priority_retry": True,
        "num_agg_pools": 2,
        "agg_pool_dynamo_namespaces": ["interactive", "batch"],
        "agg_pool_priorities": [0, 1],
        "agg_pool_selection_strategy": {
            "ttft_min_ms": 50.0,
            "ttft_max_ms": 450.0,
            "ttft_resolution": 2,
            "itl_min_ms": 5.0,
            "itl_max_ms": 45.0,
            "itl_resolution": 2,
            "agg_pool_mapping": [[0, 0], [0, 1]],
            "priority_overrides": [{"min_priority": 10, "max_priority": 20, "target_pool": 0}],
        },
    }
