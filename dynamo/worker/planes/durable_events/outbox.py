"""What one rank still has to write into the stream."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from dynamo.worker.planes.durable_events.blocks import CacheBlocks
from dynamo.worker.planes.durable_events.engine_feed import Batch, Lost
from dynamo.worker.planes.durable_events.events import AllBlocksCleared, read_batch
from dynamo.worker.planes.durable_events.messages import (
    Batches,
    CheckpointPart,
    checkpoint,
    write,
)

LIMIT_BYTES = 16 * 2**20
"""Events that may wait for NATS; beyond that a checkpoint takes their place."""
MESSAGE_BYTES = 256 * 2**10
"""Size of a message, unless the server takes less; a batch may come on top."""


@dataclass
class Outbox:
    """Batches in order, and the blocks that they lead to.

    When too much waits, or something is gone for good, the batches are dropped and a checkpoint is
    due: it says the same in one piece.
    """

    epoch: str
    limit: int = LIMIT_BYTES
    message_bytes: int = MESSAGE_BYTES
    blocks: CacheBlocks = field(default_factory=CacheBlocks)
    next: int = 0
    exact: bool = True
    checkpoint_due: bool = False
    overflows: int = 0
    waiting: deque[Batch] = field(default_factory=deque)
    waiting_bytes: int = 0
    parts: Iterator[CheckpointPart] | None = None
    """What is left of a checkpoint that has begun."""

    def put(self, item: Batch | Lost) -> None:
        """Account for what the engine said."""
        if isinstance(item, Lost):
            self.blocks.clear()
            self.next, self.exact = item.next, False
            self._drop()
            return
        try:
            for event in read_batch(item.payload):
                self.blocks.apply(event)
                # Of an empty cache everything is known again.
                self.exact = self.exact or isinstance(event, AllBlocksCleared)
        except ValueError:
            self.exact = False
            self._drop()
        self.next = item.number + 1
        self.waiting.append(item)
        self.waiting_bytes += len(item.payload)
        if self.waiting_bytes > self.limit or len(item.payload) > self.message_bytes:
            self.overflows += 1
            self._drop()

    def _drop(self) -> None:
        self.waiting.clear()
        self.waiting_bytes = 0
        self.checkpoint_due = True

    @property
    def empty(self) -> bool:
        return not (self.waiting or self.parts is not None or self.checkpoint_due)

    def take(self) -> tuple[str, bytes, CheckpointPart | Batches] | None:
        """Return the next message with an id that is its own, or None when all is written."""
        if self.checkpoint_due and self.parts is None:
            # All that waits is in it.
            self._drop()
            self.checkpoint_due = False
            blocks = self.blocks.held()
            self.parts = checkpoint(self.epoch, self.next, self.exact, blocks, self.message_bytes)
        if self.parts is not None:
            part = next(self.parts)
            self.parts = None if part.last else self.parts
            return f"{self.epoch}-c{part.next}-{part.part}", write(part), part
        if not self.waiting:
            return None
        batches = self._batches()
        last = batches.first + len(batches.payloads)
        return f"{self.epoch}-b{batches.first}-{last}", write(batches), batches

    def _batches(self) -> Batches:
        first, payloads, size = self.waiting[0].number, [], 0
        while self.waiting and size <= self.message_bytes:
            batch = self.waiting.popleft()
            payloads.append(batch.payload)
            size += len(batch.payload)
        self.waiting_bytes -= size
        return Batches(self.epoch, first, tuple(payloads))
