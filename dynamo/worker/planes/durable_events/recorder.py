"""Writes the KV events of a worker's ranks into the stream (R25)."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nats.errors
from nats.js import JetStreamContext

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events.connection import (
    connect,
    ensure_stream,
    max_age_seconds,
)
from dynamo.worker.planes.durable_events.messages import Names, Rank
from dynamo.worker.planes.durable_events.outbox import MESSAGE_BYTES
from dynamo.worker.planes.durable_events.rank_recorder import RETRY_SECONDS, RankRecorder

if TYPE_CHECKING:
    from nats.aio.client import Client

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 3.0
"""Longest wait at the end for events that are not written yet."""


class Recorder:
    """R25: keeps the KV events of one worker, from `start` to `close`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        names: Names,
        worker_id: int,
        sources: Sequence[KvEventSource],
    ) -> None:
        self._environment, self._names = environment, names
        self._max_age = max_age_seconds(environment)
        self.ranks = [
            RankRecorder(names, Rank(worker_id, source.dp_rank), source, self._max_age)
            for source in sources
        ]
        self._client: Client | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin at once to read; NATS may come later."""
        self._readers = [_task(rank.read()) for rank in self.ranks]
        self._writers = [_task(self._write())]

    async def _write(self) -> None:
        self._client = await connect(self._environment, "KV events")
        stream = self._client.jetstream()
        await self._ensure(stream)
        async with asyncio.TaskGroup() as group:
            for rank in self.ranks:
                rank.outbox.message_bytes = min(MESSAGE_BYTES, self._client.max_payload // 4)
                wishes = await self._client.subscribe(self._names.wish(rank.rank))
                group.create_task(_grant(wishes, rank))
                group.create_task(rank.write(stream))

    async def _ensure(self, stream: JetStreamContext) -> None:
        while True:
            try:
                await ensure_stream(stream, self._names, self._max_age)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                logger.warning(
                    "KV events cannot be kept: no stream %s: %s", self._names.stream, error
                )
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def close(self) -> None:
        """Write what is left, say that the worker ended, and disconnect."""
        await _cancel(self._readers)
        if self._client is not None and self._client.is_connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    for rank in self.ranks:
                        await rank.written.wait()
            await _cancel(self._writers)
            with suppress(nats.errors.Error, OSError, TimeoutError):
                for rank in self.ranks:
                    await rank.end(self._client.jetstream())
        await _cancel(self._writers)
        if self._client is not None:
            await self._client.close()
            self._client = None


async def _grant(wishes: Any, rank: RankRecorder) -> None:
    async for _ in wishes.messages:
        rank.wish()


def _task(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(coroutine)
    task.add_done_callback(_report)
    return task


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("KV events are no longer kept", exc_info=task.exception())


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
