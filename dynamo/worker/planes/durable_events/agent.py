"""Tells routers, from the stream, what the ranks of all workers hold, in the workers' place."""

from collections.abc import Callable
from typing import Any

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events.messages import Rank
from dynamo.worker.planes.durable_events.reader import StreamReader
from dynamo.worker.planes.durable_events.retelling import Bridge

RankRelay = Callable[[Rank, int, KvEventSource], Any]
"""Makes the runtime's relay for a worker's rank with this block size, of this source."""


class Agent:
    """One bridge per rank that holds anything; it listens to a reader of the stream."""

    def __init__(self, relay: RankRelay) -> None:
        self._relay = relay
        self._bridges: dict[Rank, Bridge] = {}
        self._ended: list[Bridge] = []
        self._reader: StreamReader | None = None

    def begin(self, reader: StreamReader) -> None:
        """Tell what is known; call it once the reader has caught up."""
        self._reader = reader
        for rank in list(reader.index.ranks):
            self.hear(rank, None)

    def hear(self, rank: Rank, news: list[bytes] | None) -> None:
        """Listen to the reader, see Listener."""
        if self._reader is None:
            return
        log = self._reader.index.ranks.get(rank)
        if log is None:
            if rank in self._bridges:
                self._ended.append(self._bridges.pop(rank))
        elif rank in self._bridges and news is not None:
            self._bridges[rank].news(news)
        elif log.blocks.block_sizes:
            self._bridge(rank, min(log.blocks.block_sizes)).state(log.blocks.in_order())

    def _bridge(self, rank: Rank, block_size: int) -> Bridge:
        if rank not in self._bridges:

            def relay(source: KvEventSource) -> Any:
                return self._relay(rank, block_size, source)

            self._bridges[rank] = Bridge(relay, rank.dp_rank)
        return self._bridges[rank]

    async def tidy(self) -> None:
        """End the bridges of ranks that are gone."""
        while self._ended:
            await self._ended.pop().close()

    async def close(self) -> None:
        """End all bridges; routers forget what they were told."""
        self._ended += self._bridges.values()
        self._bridges = {}
        await self.tidy()
