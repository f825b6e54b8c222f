"""Who holds which block: what a reader of the stream knows, message by message."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from dynamo.worker.planes.durable_events.blocks import CacheBlocks, Held, overlap
from dynamo.worker.planes.durable_events.events import AllBlocksCleared, read_batch
from dynamo.worker.planes.durable_events.messages import (
    Batches,
    CheckpointPart,
    Ended,
    Message,
    Rank,
)


@dataclass
class RankLog:
    """One rank as its messages tell, in their order."""

    epoch: str = ""
    next: int = 0
    """Sequence number of the batch that is expected."""
    blocks: CacheBlocks = field(default_factory=CacheBlocks)
    exact: bool = True
    """Whether these are all blocks that the rank holds."""
    behind: bool = False
    """Messages are missing: only a checkpoint helps."""
    duplicates: int = 0
    gaps: int = 0
    parts: dict[int, tuple[Held, ...]] = field(default_factory=dict)

    def take(self, message: Batches | CheckpointPart) -> list[bytes] | None:
        """Account for a message; return the batches that are new, None for a whole new state."""
        if message.epoch != self.epoch:
            self._begin(message)
        if isinstance(message, CheckpointPart):
            return self._take_part(message)
        return [
            payload
            for number, payload in enumerate(message.payloads, message.first)
            if self._take_batch(number, payload)
        ]

    def _begin(self, message: Batches | CheckpointPart) -> None:
        """Another publisher: what is known of the one before has no meaning any more."""
        self.epoch, self.next, self.exact, self.behind = message.epoch, 0, True, False
        self.blocks.clear()
        self.parts.clear()

    def _take_batch(self, number: int, payload: bytes) -> bool:
        if self.behind or number < self.next:
            self.duplicates += not self.behind
            return False
        if number > self.next:
            self.behind, self.exact = True, False
            self.gaps += 1
            return False
        self.next += 1
        for event in read_batch(payload):
            self.blocks.apply(event)
            # Of an empty cache everything is known again.
            self.exact = self.exact or isinstance(event, AllBlocksCleared)
        return True

    def _take_part(self, part: CheckpointPart) -> list[bytes] | None:
        if part.part == 0:
            self.parts.clear()
        self.parts[part.part] = part.blocks
        if not part.last or len(self.parts) <= part.part:
            return []
        whole = [held for number in range(part.part + 1) for held in self.parts[number]]
        self.parts.clear()
        if not self.behind and self.next >= part.next and self.exact == part.exact:
            return []
        self.blocks.load(whole)
        self.next, self.exact, self.behind = part.next, part.exact, False
        return None


class BlockIndex:
    """All ranks of one component."""

    def __init__(self) -> None:
        self.ranks: dict[Rank, RankLog] = {}

    def take(self, rank: Rank, message: Message) -> list[bytes] | None:
        """Account for a message; see RankLog.take. A rank that ended is forgotten."""
        if isinstance(message, Ended):
            if rank in self.ranks and self.ranks[rank].epoch == message.epoch:
                del self.ranks[rank]
            return []
        return self.ranks.setdefault(rank, RankLog()).take(message)

    def forget(self, worker_ids: Collection[int]) -> None:
        """Forget workers that are gone."""
        self.ranks = {r: log for r, log in self.ranks.items() if r.worker_id not in worker_ids}

    @property
    def behind(self) -> list[Rank]:
        """Ranks of which messages are missing."""
        return [rank for rank, log in self.ranks.items() if log.behind]

    def overlaps(self, tokens: Sequence[int], lora_name: str | None = None) -> Mapping[Rank, int]:
        """Count the blocks at the beginning of a prompt that each rank holds."""
        return {
            rank: max(
                (overlap(log.blocks, tokens, n, lora_name) for n in log.blocks.block_sizes),
                default=0,
            )
            for rank, log in self.ranks.items()
        }
