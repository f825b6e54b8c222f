"""Passes an engine's KV events, which it publishes over ZMQ, and its load on to routers (R77).

The runtime wheel relays them into its event plane; importing this module loads it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from dynamo.llm import KvEventPublisher, WorkerMetricsPublisher

from dynamo.engines.base import EngineProcess
from dynamo.engines.capabilities import KvEventSource, PublishesKvEvents, ReportsLoad

LOAD_SECONDS = 0.1
"""How often the load is looked at; a change is published at once."""


def event_sources(engine: EngineProcess) -> Sequence[KvEventSource]:
    """Return where a started engine publishes its KV events; nothing when it does not."""
    return engine.kv_event_sources() if isinstance(engine, PublishesKvEvents) else ()


def relay(
    endpoint: Any,
    source: KvEventSource,
    block_size: int,
    local_indexer: bool,
    state_endpoint: str | None = None,
    worker_id: int | None = None,
) -> Any:
    """R77: forward one rank's events to all routers until the returned object is shut down.

    With `local_indexer` a router that starts later, or that missed events, asks here for what it
    lacks (R26). `worker_id` is another worker's, for whom this process publishes.
    """
    return KvEventPublisher(
        endpoint,
        worker_id,
        block_size,
        source.dp_rank,
        local_indexer,
        source.endpoint,
        source.topic,
        kv_state_endpoint=state_endpoint,
    )


async def report_load(engine: ReportsLoad, endpoint: Any) -> None:
    """Publish how many KV blocks requests hold, whenever that changes, until cancelled."""
    publisher = WorkerMetricsPublisher()
    await publisher.create_endpoint(endpoint)
    published: dict[int, int] = {}
    while True:
        for rank, blocks in engine.kv_used_blocks().items():
            if published.get(rank) != blocks:
                publisher.publish(rank, kv_used_blocks=blocks)
                published[rank] = blocks
        await asyncio.sleep(LOAD_SECONDS)
