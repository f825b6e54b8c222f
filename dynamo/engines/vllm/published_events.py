"""Where each data-parallel rank of a running vLLM publishes KV events. Importing imports vLLM."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from vllm.config import VllmConfig
from vllm.distributed.kv_events import ZmqEventPublisher
from vllm.v1.engine.async_llm import AsyncLLM

from dynamo.engines.vllm.ranks import ranks_here


def published_events(llm: AsyncLLM, config: VllmConfig) -> Mapping[int, Any]:
    """Return the resolved configuration of each rank of this process that publishes, by rank.

    Until 0.26 vLLM does not say, and counts up the configured address by rank.
    """
    ranks = ranks_here(config)
    if hasattr(llm, "get_kv_event_sources"):
        told: Mapping[int, Any] = llm.get_kv_event_sources()
        # The address of a rank elsewhere says nothing about the machine that it runs on.
        return {rank: told[rank] for rank in ranks if rank in told}
    return counted_events(config, ranks)


def counted_events(config: VllmConfig, ranks: range) -> Mapping[int, Any]:
    """Return the configuration of ranks as vLLM counts addresses up, by rank."""
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
        for rank in ranks
    }
