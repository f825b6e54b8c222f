"""Publishes the mock engine's KV events over ZMQ, and repeats them to those who missed some.

The wire form is vLLM's: topic, sequence number (8 bytes, big endian), and a batch in MessagePack;
a request to repeat is a sequence number, answered by all batches from there on and an end mark.
"""

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource

LONGEST_SOCKET_PATH = 107
SHORT_DIRECTORY = "/tmp"  # noqa: S108
END_OF_REPLAY = (-1).to_bytes(8, "big", signed=True)
REPEATED_BATCHES = 10_000


class KvPublisher:
    """Two sockets in a directory of their own; made and used within one event loop."""

    def __init__(self, dp_rank: int = 0) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="dynamo-mocker-", dir=_parent())
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
        return f"ipc://{Path(self._directory.name) / name}"

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
        """Close the sockets and remove their files."""
        self._answering.cancel()
        await asyncio.wait([self._answering])
        self._events.close(linger=0)
        self._repeats.close(linger=0)
        self._context.term()
        self._directory.cleanup()


def _parent() -> str | None:
    """Return where a socket's path is short enough; None is the usual temporary directory."""
    longest = len(tempfile.gettempdir()) + len("/dynamo-mocker-12345678/events")
    return None if longest <= LONGEST_SOCKET_PATH else SHORT_DIRECTORY
