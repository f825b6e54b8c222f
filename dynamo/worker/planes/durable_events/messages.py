"""What travels through the stream, and under which subjects.

Every rank of every worker has a subject, and one writer: its messages are in order. A batch holds
what the engine published, byte for byte, with consecutive sequence numbers; a checkpoint, in one
part or several, holds all blocks as of a sequence number, so that what came before can go.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import msgspec

from dynamo.worker.planes.durable_events.blocks import Block
from dynamo.worker.planes.durable_events.events import Place

Held = tuple[Block, int]


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
    parts: int
    exact: bool
    """False when events were lost for good: then blocks may be held that are not listed."""
    blocks: tuple[Held, ...]


@dataclass(frozen=True)
class Ended:
    """The worker ended in good order and holds nothing any more."""

    epoch: str


Message = Batches | CheckpointPart | Ended
_KINDS = {Batches: "batches", CheckpointPart: "checkpoint", Ended: "ended"}


def write(message: Message) -> bytes:
    """Encode a message."""
    return msgspec.msgpack.encode([_KINDS[type(message)], *astuple(message)])


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
                epoch, following, part, parts, exact, blocks = values
                held = tuple(_held(*each) for each in blocks)
                return CheckpointPart(epoch, following, part, parts, exact, held)
            case "ended":
                return Ended(*values)
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        raise ValueError(f"no message about KV events: {error}") from error
    raise ValueError(f"no message about KV events: kind {kind!r}")


def _held(block: Sequence[Any], count: int) -> Held:
    block_hash, parent, tokens, size, place, lora_name, extra, content = block
    return Block(block_hash, parent, tokens, size, Place(*place), lora_name, extra, content), count


def checkpoint(
    epoch: str, next_sequence: int, exact: bool, blocks: Iterable[Held], limit: int
) -> list[CheckpointPart]:
    """Split a checkpoint into parts of at most `limit` bytes, one at least."""
    groups = list(_groups(blocks, limit)) or [()]
    return [
        CheckpointPart(epoch, next_sequence, number, len(groups), exact, group)
        for number, group in enumerate(groups)
    ]


def _groups(blocks: Iterable[Held], limit: int) -> Iterator[tuple[Held, ...]]:
    group: list[Held] = []
    size = 0
    for held in blocks:
        needed = len(msgspec.msgpack.encode(astuple(held[0])))
        if group and size + needed > limit:
            yield tuple(group)
            group, size = [], 0
        group.append(held)
        size += needed
    if group:
        yield tuple(group)


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
        return f"kv_events_{self.namespace}_{self.component}"

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
