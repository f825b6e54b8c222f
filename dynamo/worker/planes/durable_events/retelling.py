"""Passes KV events on to a relay of the runtime that began later than they did."""

import asyncio
import logging
from collections.abc import Iterable

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events.blocks import CacheBlocks, Held
from dynamo.worker.planes.durable_events.engine_feed import Batch, EngineFeed
from dynamo.worker.planes.durable_events.republisher import Relay, Republisher

logger = logging.getLogger(__name__)


class Bridge:
    """A rank's events from an asynchronous source through a republisher, in a task of its own."""

    def __init__(self, relay: Relay, dp_rank: int) -> None:
        self._queue: asyncio.Queue[list[bytes] | tuple[Held, ...]] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(relay, dp_rank))

    def state(self, held: Iterable[Held]) -> None:
        """These are all blocks, whatever was said before."""
        self._queue.put_nowait(tuple(held))

    def news(self, payloads: list[bytes]) -> None:
        """This happened since."""
        self._queue.put_nowait(payloads)

    async def _run(self, relay: Relay, dp_rank: int) -> None:
        republisher: Republisher | None = None
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, list):
                    if republisher is not None:
                        await republisher.publish(item)
                    continue
                # Routers forget a rank's blocks when another relay takes over.
                if republisher is not None:
                    republisher.close()
                republisher = Republisher(relay, dp_rank)
                await republisher.start(item)
        except (OSError, TimeoutError):
            logger.exception("routers no longer learn of the KV blocks of rank %d", dp_rank)
        finally:
            if republisher is not None:
                republisher.close()

    async def close(self) -> None:
        """Stop passing on; routers forget this rank."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Retold:
    """An engine's events, after the blocks that it held before they are read."""

    def __init__(
        self, source: KvEventSource, relay: Relay, blocks: CacheBlocks, begin: int
    ) -> None:
        self._bridge = Bridge(relay, source.dp_rank)
        self._bridge.state(blocks.in_order())
        self._reading = asyncio.create_task(self._read(EngineFeed(source, begin)))

    async def _read(self, feed: EngineFeed) -> None:
        async for item in feed.items():
            if isinstance(item, Batch):
                self._bridge.news([item.payload])
            else:
                self._bridge.state(())

    async def close(self) -> None:
        """Stop passing on."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._bridge.close()
