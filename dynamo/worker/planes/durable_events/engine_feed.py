"""Reads an engine's KV events without a gap, as far as the engine itself remembers them."""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource

logger = logging.getLogger(__name__)

IDLE_MS = 2000
"""After so long without an event the engine is asked whether one got lost at the end."""
REPLAY_MS = 2000
"""Longest wait for the next batch of those that were asked for again."""


@dataclass(frozen=True)
class Batch:
    """What the engine published in one step; numbers follow one another."""

    number: int
    payload: bytes


@dataclass(frozen=True)
class Lost:
    """Batches before this number are gone for good."""

    next: int


class EngineFeed:
    """One rank's events from the first one on, or another, in order, each once."""

    def __init__(self, source: KvEventSource, begin: int = 0) -> None:
        self._source = source
        self._next = begin
        self.duplicates = 0
        self.repaired = 0
        """Batches that had to be asked for again."""
        self.lost = 0

    async def items(self) -> AsyncIterator[Batch | Lost]:
        """Yield batches as they come, until closed."""
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as events:
            events.rcvhwm = 0
            events.subscribe(self._source.topic.encode())
            events.connect(self._source.endpoint)
            while True:
                async for item in self._catch_up(context):
                    yield item
                while await events.poll(IDLE_MS):
                    _topic, number, payload = await events.recv_multipart()
                    got = Batch(int.from_bytes(number, "big"), payload)
                    if got.number > self._next:
                        async for item in self._catch_up(context):
                            yield item
                    for item in self._in_order([got]):
                        yield item

    async def _catch_up(self, context: zmq.asyncio.Context) -> AsyncIterator[Batch | Lost]:
        """Ask for what is missing until nothing comes any more."""
        if self._source.replay_endpoint is None:
            return
        progress = True
        while progress:
            before = self._next
            again = await self._ask(context, self._source.replay_endpoint)
            # What does not follow was dropped on the way here: it is asked for once more.
            end = next((n for n, two in enumerate(pairwise(again)) if _apart(*two)), len(again))
            for item in self._in_order(again[: end + 1]):
                self.repaired += isinstance(item, Batch)
                yield item
            progress = self._next > before and end < len(again)

    async def _ask(self, context: zmq.asyncio.Context, address: str) -> list[Batch]:
        """Return what the engine repeats from the expected number on."""
        again: list[Batch] = []
        # A socket of its own each time: late answers to an earlier question go nowhere.
        with context.socket(zmq.DEALER) as asking:
            asking.rcvhwm = 0
            asking.linger = 0
            asking.connect(address)
            await asking.send_multipart([b"", self._next.to_bytes(8, "big")])
            while await asking.poll(REPLAY_MS):
                _empty, _topic, number, payload = await asking.recv_multipart()
                if int.from_bytes(number, "big", signed=True) < 0:
                    return again
                again.append(Batch(int.from_bytes(number, "big"), payload))
        logger.debug("%s repeats no more batches", address)
        return again

    def _in_order(self, batches: Iterable[Batch]) -> Iterator[Batch | Lost]:
        """Drop what was there already; say where something is missing that nobody repeats."""
        for batch in batches:
            if batch.number < self._next:
                self.duplicates += 1
                continue
            if batch.number > self._next:
                self.lost += batch.number - self._next
                yield Lost(batch.number)
            self._next = batch.number + 1
            yield batch


def _apart(one: Batch, other: Batch) -> bool:
    return other.number != one.number + 1
