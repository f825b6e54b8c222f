"""Tells routers which KV blocks the engine holds and how full its cache is (R77, R100).

What the engine publishes over ZMQ is relayed by the runtime wheel into its event plane.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dynamo.llm import KvEventPublisher, WorkerMetricsPublisher

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import Engine, EngineInfo
from dynamo.engines.capabilities import KvEventSource, PublishesKvEvents, ReportsLoad

LOAD_SECONDS = 0.1
"""How often the load is looked at; a change is published at once."""


class KvEvents:
    """A worker's KV events and load, from the engine's start to the worker's end."""

    def __init__(self, plan: LaunchPlan, endpoint: Any, engine: Engine, info: EngineInfo) -> None:
        # Nobody routes by KV blocks to a worker that is called over HTTP.
        self.sources = event_sources(engine) if plan.runtime.http is None else ()
        local_indexer = plan.registration.enable_local_indexer
        state_endpoint = plan.registration.kv_state_endpoint
        self._relays = [
            relay(endpoint, source, info.kv_block_size, local_indexer, state_endpoint)
            for source in self.sources
        ]
        self._load: asyncio.Task[None] | None = None
        if isinstance(engine, ReportsLoad):
            self._load = asyncio.create_task(report_load(engine, endpoint))

    async def close(self) -> None:
        """Stop publishing; the engine still runs and the runtime is still there."""
        for each in self._relays:
            each.shutdown()
        if self._load is not None:
            self._load.cancel()
            with suppress(asyncio.CancelledError):
                await self._load


def event_sources(engine: Engine) -> Sequence[KvEventSource]:
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
