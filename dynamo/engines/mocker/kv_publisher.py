"""Publishes the mock engine's KV events over ZMQ, and repeats them to those who missed some.

The wire form is vLLM's: topic, sequence number (8 bytes, big endian), and a batch in MessagePack;
a request to repeat is a sequence number, answered by all batches from there on and an end mark.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource

END_OF_REPLAY = (-1).to_bytes(8, "big", signed=True)
REPEATED_BATCHES = 10_000


class KvPublisher:
    """Two sockets that have names and no files, so a killed process leaves none; made and used
    within one event loop.

    Any user of this machine can read from them, as from the ports on loopback.
    """

    def __init__(self, dp_rank: int = 0) -> None:
        self._name = f"dynamo-mocker-{uuid.uuid4()}"
        self._context = zmq.asyncio.Context()
        self.source = KvEventSource(
            self._address("events"), dp_rank, replay_endpoint=self._address("replay")
        )
        self._events = zmq.Context(self._context).socket(zmq.PUB)
        self._events.bind(self.source.endpoint)
        self._repeats = self._context.socket(zmq.ROUTER)
        self._repeats.sndhwm = 0
        self._repeats.bind(self._address("replay"))
        self._sent: deque[tuple[bytes, bytes]] = deque(maxlen=REPEATED_BATCHES)
        self._next = 0
        self._answering = asyncio.create_task(self._answer())

    def _address(self, name: str) -> str:
        return f"ipc://@{self._name}-{name}"

    def publish(self, events: Sequence[Any]) -> None:
        """Send the events of one step as a batch; nothing for none."""
        if not events:
            return
        number = self._next.to_bytes(8, "big")
        batch = msgspec.msgpack.encode([time.time(), events, self.source.dp_rank])
        self._next += 1
        self._sent.append((number, batch))
        self._events.send_multipart((b"", number, batch))

    async def _answer(self) -> None:
        while True:
            reader, _empty, start = await self._repeats.recv_multipart()
            for number, batch in [each for each in self._sent if each[0] >= start]:
                await self._repeats.send_multipart((reader, b"", b"", number, batch))
            await self._repeats.send_multipart((reader, b"", b"", END_OF_REPLAY, b""))

    async def close(self) -> None:
        """Close the sockets."""
        self._answering.cancel()
        await asyncio.wait([self._answering])
        self._events.close(linger=0)
        self._repeats.close(linger=0)
        self._context.term()
