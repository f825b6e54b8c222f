"""Every batch of an engine arrives once and in order, whatever gets lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events import engine_feed
from dynamo.worker.planes.durable_events.engine_feed import Batch, EngineFeed, Lost


class Engine:
    """Publishes numbered batches; some are dropped, and only the last few can be repeated."""

    def __init__(self, directory: Path, remembered: int) -> None:
        self.source = KvEventSource(f"ipc://{directory}/e", replay_endpoint=f"ipc://{directory}/r")
        self.sent: list[bytes] = []
        self.remembered = remembered
        self.repeats_dropped: set[int] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Engine"]:
        with (
            zmq.asyncio.Context() as context,
            context.socket(zmq.PUB) as self._events,
            context.socket(zmq.ROUTER) as self._repeats,
        ):
            self._events.bind(self.source.endpoint)
            self._repeats.bind(str(self.source.replay_endpoint))
            answering = asyncio.create_task(self._answer())
            yield self
            answering.cancel()
            await asyncio.wait([answering])

    async def publish(self, drop: bool = False) -> None:
        number = len(self.sent)
        self.sent.append(f"batch {number}".encode())
        if not drop:
            await self._events.send_multipart([b"", number.to_bytes(8, "big"), self.sent[number]])

    async def _answer(self) -> None:
        while True:
            reader, _empty, start = await self._repeats.recv_multipart()
            first = max(int.from_bytes(start, "big"), len(self.sent) - self.remembered)
            for number in range(first, len(self.sent)):
                if number in self.repeats_dropped:
                    self.repeats_dropped.discard(number)
                    continue
                frames = [reader, b"", b"", number.to_bytes(8, "big"), self.sent[number]]
                await self._repeats.send_multipart(frames)
            await self._repeats.send_multipart([reader, b"", b"", b"\xff" * 8, b""])


async def read(feed: EngineFeed, until: int) -> list[Batch | Lost]:
    """Return what comes up to a batch."""
    items: list[Batch | Lost] = []
    async with asyncio.timeout(20):
        async for item in feed.items():
            items.append(item)
            if isinstance(item, Batch) and item.number == until:
                break
    return items


def numbers(items: list[Batch | Lost]) -> list[int]:
    assert all(isinstance(item, Batch) for item in items)
    return [item.number for item in items if isinstance(item, Batch)]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_feed, "IDLE_MS", 50)


async def test_what_was_said_before_is_read_first(tmp_path: Path) -> None:
    async with Engine(tmp_path, 100).running() as engine:
        for _ in range(20):
            await engine.publish()
        items = await read(EngineFeed(engine.source), 19)
        assert numbers(items) == list(range(20))
        assert numbers(await read(EngineFeed(engine.source, 15), 19)) == list(range(15, 20))


async def test_a_batch_lost_at_the_end_is_noticed_without_another(
    tmp_path: Path, short: None
) -> None:
    async with Engine(tmp_path, 100).running() as engine:
        await engine.publish()
        feed = EngineFeed(engine.source)
        reading = asyncio.create_task(read(feed, 2))
        await asyncio.sleep(0.1)
        await engine.publish(drop=True)
        await engine.publish(drop=True)
        assert numbers(await reading) == [0, 1, 2]
        assert (feed.repaired, feed.lost) == (3, 0)


async def test_repeats_that_get_lost_are_asked_for_again(tmp_path: Path) -> None:
    async with Engine(tmp_path, 100).running() as engine:
        engine.repeats_dropped = {4, 5, 9}
        for _ in range(12):
            await engine.publish(drop=True)
        feed = EngineFeed(engine.source)
        assert numbers(await read(feed, 11)) == list(range(12))
        assert (feed.lost, feed.duplicates) == (0, 0)


async def test_what_the_engine_no_longer_repeats_is_said_to_be_lost(tmp_path: Path) -> None:
    async with Engine(tmp_path, 5).running() as engine:
        for _ in range(12):
            await engine.publish(drop=True)
        feed = EngineFeed(engine.source)
        items = await read(feed, 11)
        assert items[0] == Lost(7)
        assert numbers(items[1:]) == list(range(7, 12))
        assert feed.lost == 7
