"""Where each data-parallel rank of a running vLLM publishes KV events. Importing imports vLLM."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from vllm.config import VllmConfig
from vllm.distributed.kv_events import ZmqEventPublisher
from vllm.v1.engine.async_llm import AsyncLLM


def published_events(llm: AsyncLLM, config: VllmConfig) -> Mapping[int, Any]:
    """Return the resolved configuration of each rank that publishes, by rank.

    Until 0.26 vLLM does not say, and counts up the configured address by rank.
    """
    if hasattr(llm, "get_kv_event_sources"):
        told: Mapping[int, Any] = llm.get_kv_event_sources()
        return told
    events = config.kv_events_config
    if events is None or not events.enable_kv_cache_events:
        return {}
    counted = ZmqEventPublisher.offset_endpoint_port
    return {
        rank: dataclasses.replace(
            events,
            endpoint=counted(events.endpoint, rank),
            replay_endpoint=counted(events.replay_endpoint, rank),
        )
        for rank in range(config.parallel_config.data_parallel_size)
    }
