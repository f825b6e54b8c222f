"""Says one rank's KV events again at a socket of this process, for the runtime's relay to read."""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.planes.durable_events.blocks import Block, Held, unpacked
from dynamo.worker.planes.durable_events.events import BlockStored, write_batch

SUBSCRIBED_MS = 10_000
LONGEST_SOCKET_PATH = 107

Relay = Callable[[KvEventSource], Any]
"""Makes the runtime's relay of a source; it has a `shutdown`."""


class Republisher:
    """Feeds a relay of the runtime with all blocks first, then with what changes."""

    def __init__(self, relay: Relay, dp_rank: int) -> None:
        self._make_relay, self._dp_rank = relay, dp_rank
        directory = tempfile.gettempdir()
        if len(directory) + len("/dynamo-kv-12345678/events") > LONGEST_SOCKET_PATH:
            directory = "/tmp"  # noqa: S108
        self._directory = tempfile.TemporaryDirectory(prefix="dynamo-kv-", dir=directory)
        self._context = zmq.asyncio.Context()
        self._events = self._context.socket(zmq.XPUB)
        self._events.sndhwm = 0
        self._relay: Any = None
        self._next = 0

    async def start(self, held: Iterable[Held]) -> None:
        """Start the relay and tell it about these blocks, as often as each is held.

        Raises:
            TimeoutError: the relay does not listen.
        """
        source = KvEventSource(f"ipc://{Path(self._directory.name) / 'events'}", self._dp_rank)
        self._events.bind(source.endpoint)
        self._relay = self._make_relay(source)
        # A publisher that knows its subscribers: what is said before the relay listens is lost.
        if not await self._events.poll(SUBSCRIBED_MS):
            raise TimeoutError("the relay of KV events does not listen")
        await self._events.recv()
        for block, count in held:
            await self.publish([write_batch(time.time(), [stored(block)] * count, self._dp_rank)])

    async def publish(self, payloads: Sequence[bytes]) -> None:
        """Pass on what an engine published."""
        for payload in payloads:
            number = self._next.to_bytes(8, "big")
            self._next += 1
            await self._events.send_multipart([b"", number, payload])

    def close(self) -> None:
        """End the relay and remove the socket."""
        if self._relay is not None:
            self._relay.shutdown()
        self._events.close(linger=0)
        self._context.term()
        self._directory.cleanup()


def stored(block: Block) -> BlockStored:
    """Return the event by which a block became known."""
    lora = [block.lora_name] if block.lora_name is not None and block.extra is not None else []
    extra = None if block.extra is None else ((*lora, *block.extra),)
    return BlockStored(
        hashes=(block.block_hash,),
        parent=block.parent,
        tokens=unpacked(block.tokens),
        block_size=block.block_size,
        place=block.place,
        lora_name=block.lora_name,
        extra_keys=extra,
    )
