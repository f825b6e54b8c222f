"""What travels through the stream, and under which subjects.

Every rank of every worker has a subject, and one writer: its messages are in order. A batch holds
what the engine published, byte for byte, with consecutive sequence numbers; a checkpoint, in one
part or several, holds all blocks as of a sequence number, so that what came before can go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from dynamo.worker.planes.durable_events.blocks import Block, Held
from dynamo.worker.planes.durable_events.events import Place

BLOCK_BYTES = 80
"""What a block takes besides its tokens, roughly."""


@dataclass(frozen=True)
class Batches:
    """Consecutive batches of one engine's publisher."""

    epoch: str
    """Tells apart publishers that all begin at sequence number 0."""
    first: int
    payloads: tuple[bytes, ...]


@dataclass(frozen=True)
class CheckpointPart:
    """Some of the blocks that a rank held when the batch `next` had not come yet."""

    epoch: str
    next: int
    part: int
    last: bool
    exact: bool
    """False when events were lost for good: then blocks may be held that are not listed."""
    blocks: tuple[Held, ...]


@dataclass(frozen=True)
class Ended:
    """The worker ended in good order and holds nothing any more."""

    epoch: str


Message = Batches | CheckpointPart | Ended


def write(message: Message) -> bytes:
    """Encode a message."""
    match message:
        case Batches():
            values: tuple[Any, ...] = ("batches", message.epoch, message.first, message.payloads)
        case CheckpointPart():
            blocks = [(_values(block), count) for block, count in message.blocks]
            head = (message.epoch, message.next, message.part, message.last, message.exact)
            values = ("checkpoint", *head, blocks)
        case Ended():
            values = ("ended", message.epoch)
    return msgspec.msgpack.encode(values)


def _values(block: Block) -> tuple[Any, ...]:
    place = (block.place.medium, block.place.group)
    return (
        block.block_hash, block.parent, block.tokens, block.block_size, place, block.lora_name,
        block.extra, block.content,
    )  # fmt: skip


def read(data: bytes) -> Message:
    """Decode a message.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        kind, *values = msgspec.msgpack.decode(data)
        match kind:
            case "batches":
                epoch, first, payloads = values
                return Batches(epoch, first, tuple(payloads))
            case "checkpoint":
                epoch, following, part, last, exact, blocks = values
                held = tuple(_held(*each) for each in blocks)
                return CheckpointPart(epoch, following, part, last, exact, held)
            case "ended":
                return Ended(*values)
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        raise ValueError(f"no message about KV events: {error}") from error
    raise ValueError(f"no message about KV events: kind {kind!r}")


def _held(block: Sequence[Any], count: int) -> Held:
    block_hash, parent, tokens, size, place, lora_name, extra, content = block
    return Block(block_hash, parent, tokens, size, Place(*place), lora_name, extra, content), count


def checkpoint(
    epoch: str, next_sequence: int, exact: bool, blocks: Sequence[Held], limit: int
) -> Iterator[CheckpointPart]:
    """Split a checkpoint into parts of about `limit` bytes, one at least, each made when asked for:
    a large one takes a second in all."""
    begin, part = 0, 0
    while begin < len(blocks) or not part:
        end, size = begin, 0
        while end < len(blocks) and size < limit:
            block, _count = blocks[end]
            more = b"" if block.extra is None else msgspec.msgpack.encode(block.extra)
            size += BLOCK_BYTES + len(block.tokens) + len(block.lora_name or "") + len(more)
            end += 1
        held = tuple(blocks[begin:end])
        yield CheckpointPart(epoch, next_sequence, part, end == len(blocks), exact, held)
        begin, part = end, part + 1


@dataclass(frozen=True, order=True)
class Rank:
    """One data-parallel rank of one worker."""

    worker_id: int
    dp_rank: int = 0


@dataclass(frozen=True)
class Names:
    """The stream of one component, and its subjects."""

    namespace: str
    component: str

    @property
    def stream(self) -> str:
        # A character that is in no name keeps two components from sharing a stream.
        return f"kv_events:{self.namespace}:{self.component}"

    @property
    def every_subject(self) -> str:
        return f"{self._prefix}.rank.>"

    def subject(self, rank: Rank) -> str:
        """Return where a rank's messages go."""
        return f"{self._prefix}.rank.{rank.worker_id:x}.{rank.dp_rank}"

    def rank(self, subject: str) -> Rank:
        """Return whose messages a subject has."""
        worker, number = subject.split(".")[-2:]
        return Rank(int(worker, 16), int(number))

    def wish(self, rank: Rank) -> str:
        """Return the subject at which a reader asks a rank's writer for a checkpoint."""
        return f"{self._prefix}.wish.{rank.worker_id:x}.{rank.dp_rank}"

    @property
    def _prefix(self) -> str:
        return f"kv_events.{self.namespace}.{self.component}"
