"""Rebuilds from the stream who holds which block, and keeps that up to date."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from dynamo.worker.planes.durable_events.connection import connect
from dynamo.worker.planes.durable_events.index import BlockIndex
from dynamo.worker.planes.durable_events.messages import Ended, Names, Rank, read

logger = logging.getLogger(__name__)

FETCH = 256
IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.5
WISH_SECONDS = 1.0
FORGOTTEN_SECONDS = 30.0
"""After so long the server forgets a reader that does not fetch."""

Listener = Callable[[Rank, list[bytes] | None], None]
"""Called with a rank's new batches; with None when its whole state is another, or it is gone."""


class StreamReader:
    """Reads one component's stream from its beginning, until `run` is cancelled."""

    def __init__(
        self, environment: Mapping[str, str], names: Names, listener: Listener | None = None
    ) -> None:
        self.index = BlockIndex()
        self.caught_up = asyncio.Event()
        """Set once everything was read that the stream had."""
        self._environment, self._names, self._listener = environment, names, listener
        self._last = 0
        self._created: Any = None
        self._max_age = 0.0
        self._heard: dict[Rank, float] = {}
        self._wished: dict[Rank, float] = {}

    async def run(self) -> None:
        """Read for ever; a server or stream that is away is waited for."""
        client = await connect(self._environment, "KV index")
        try:
            while True:
                try:
                    await self._read(client, client.jetstream())
                except (nats.errors.Error, OSError, TimeoutError) as error:
                    logger.debug("reading KV events again soon: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            await client.close()

    async def _read(self, client: Client, stream: JetStreamContext) -> None:
        """Read on from the last message, as long as none is missing on the way."""
        await self._begin(stream)
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._last + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=FORGOTTEN_SECONDS,
            mem_storage=True,
        )
        subject, delivered = self._names.every_subject, 0
        consumer = await stream.pull_subscribe(subject, stream=self._names.stream, config=config)
        try:
            while True:
                try:
                    fetched = await consumer.fetch(FETCH, IDLE_SECONDS)
                except TimeoutError:
                    # Raises when the server has forgotten this reader.
                    if not (await consumer.consumer_info()).num_pending:
                        self.caught_up.set()
                    fetched = []
                for message in fetched:
                    delivered += 1
                    if message.metadata.sequence.consumer != delivered:
                        return
                    self._last = message.metadata.sequence.stream
                    self._take(message)
                self._forget_the_silent()
                await self._wish(client)
        finally:
            with suppress(nats.errors.Error, OSError, TimeoutError):
                await consumer.unsubscribe()

    async def _begin(self, stream: JetStreamContext) -> None:
        """Begin again where the stream is another one: its numbers mean something else."""
        info = await stream.stream_info(self._names.stream)
        if self._created is not None and info.created != self._created:
            self._last = 0
            for log in self.index.ranks.values():
                log.behind, log.exact = True, False
        self._created, self._max_age = info.created, info.config.max_age

    def _take(self, message: Any) -> None:
        rank = self._names.rank(message.subject)
        self._heard[rank] = time.monotonic()
        try:
            content = read(message.data)
            news = self.index.take(rank, content)
        except ValueError as error:
            logger.warning("a message that is skipped: %s", error)
            return
        self._tell(rank, None if isinstance(content, Ended) else news)

    def _tell(self, rank: Rank, news: list[bytes] | None) -> None:
        if self._listener is not None and news != []:
            self._listener(rank, news)

    async def _wish(self, client: Client) -> None:
        """Ask the writers of ranks that lack messages for all their blocks."""
        for rank in self.index.behind:
            if time.monotonic() - self._wished.get(rank, -WISH_SECONDS) >= WISH_SECONDS:
                self._wished[rank] = time.monotonic()
                await client.publish(self._names.wish(rank))

    def _forget_the_silent(self) -> None:
        """A living writer is heard several times within the stream's age."""
        late = time.monotonic() - self._max_age
        for rank in [rank for rank in self.index.ranks if self._heard.get(rank, late) < late]:
            self.forget(rank.worker_id)

    def forget(self, worker_id: int) -> None:
        """Drop a worker that died without saying so."""
        gone = [rank for rank in self.index.ranks if rank.worker_id == worker_id]
        self.index.forget({worker_id})
        for rank in gone:
            self._tell(rank, None)
