"""Writes the KV events of one rank into the stream, in order, and checkpoints among them."""

import asyncio
import logging
import time
import uuid
from contextlib import suppress
from typing import Any

import nats.errors
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError, NotFoundError

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events.connection import ensure_stream
from dynamo.worker.planes.durable_events.engine_feed import EngineFeed
from dynamo.worker.planes.durable_events.messages import CheckpointPart, Ended, Names, Rank, write
from dynamo.worker.planes.durable_events.outbox import Outbox

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 5.0
RETRY_SECONDS = 0.5
CHECKPOINTS_PER_AGE = 3
"""So often within the stream's age all blocks are written anew: nothing that holds expires."""
BATCHES_PER_CHECKPOINT = 10_000
"""So many batches at most has a reader that starts to read."""


class RankRecorder:
    """One rank, as Recorder makes and uses it."""

    def __init__(self, names: Names, rank: Rank, source: KvEventSource, max_age: float) -> None:
        self.rank = rank
        self.feed = EngineFeed(source)
        self.outbox = Outbox(uuid.uuid4().hex)
        self._names = names
        self._max_age = max_age
        self._subject = names.subject(rank)
        self._work = asyncio.Event()
        self._unwritten: tuple[str, bytes, Any] | None = None
        self._last_written = 0
        self._checkpoint_begins = 0
        self._next_checkpoint = 0.0
        self._checkpoint_at = 0
        self._waits = False
        self.written = asyncio.Event()
        """Set while nothing waits."""

    async def read(self) -> None:
        """Take the engine's events until cancelled."""
        async for item in self.feed.items():
            self.outbox.put(item)
            self._wake()

    def wish(self) -> None:
        """Write a checkpoint: somebody lacks messages."""
        self.outbox.checkpoint_due = True
        self._wake()

    def _wake(self) -> None:
        self.written.clear()
        self._work.set()

    async def write(self, stream: JetStreamContext) -> None:
        """Write what waits, until cancelled; a server that is away is waited for."""
        self._plan_checkpoint()
        while True:
            try:
                await self._write_all(stream)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                if not self._waits:
                    logger.warning("KV events of rank %d wait: %s", self.rank.dp_rank, error)
                self._waits = True
                await asyncio.sleep(RETRY_SECONDS)
                if isinstance(error, NoStreamResponseError | NotFoundError):
                    await self._make_stream(stream)
                continue
            self._waits = False
            self.written.set()
            left = self._next_checkpoint - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), max(0.0, left))
            if time.monotonic() >= self._next_checkpoint:
                self.outbox.checkpoint_due = True

    async def _make_stream(self, stream: JetStreamContext) -> None:
        """A stream that is new knows nothing of what was written before."""
        with suppress(nats.errors.Error, OSError, TimeoutError):
            await ensure_stream(stream, self._names, self._max_age)
            self.outbox.checkpoint_due = True

    async def _write_all(self, stream: JetStreamContext) -> None:
        self._work.clear()
        while True:
            news = self.outbox.next - self._checkpoint_at
            if news >= BATCHES_PER_CHECKPOINT and self.outbox.parts is None:
                self.outbox.checkpoint_due = True
            self._unwritten = self._unwritten or self.outbox.take()
            if self._unwritten is None:
                return
            name, data, message = self._unwritten
            acknowledged = await stream.publish(
                self._subject, data, PUBLISH_SECONDS, self._names.stream, {"Nats-Msg-Id": name}
            )
            self._unwritten = None
            if acknowledged.seq < self._last_written and not acknowledged.duplicate:
                self.outbox.checkpoint_due = True  # the stream was made anew by somebody else
            self._last_written = acknowledged.seq
            if isinstance(message, CheckpointPart):
                await self._after_part(stream, message)

    async def _after_part(self, stream: JetStreamContext, part: CheckpointPart) -> None:
        if part.part == 0:
            self._checkpoint_begins = self._last_written
        if part.last:
            self._checkpoint_at = part.next
            self._plan_checkpoint()
            await stream.purge_stream(self._names.stream, self._checkpoint_begins, self._subject)

    def _plan_checkpoint(self) -> None:
        self._next_checkpoint = time.monotonic() + self._max_age / CHECKPOINTS_PER_AGE

    async def end(self, stream: JetStreamContext) -> None:
        """Say that this rank holds nothing any more, and take its messages out."""
        data = write(Ended(self.outbox.epoch))
        last = await stream.publish(self._subject, data, 1.0, self._names.stream)
        await stream.purge_stream(self._names.stream, last.seq, self._subject)
