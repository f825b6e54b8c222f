"""A KV cache to compare with: every block is known by its whole prompt, and nothing is clever."""

from collections import Counter
from dataclasses import dataclass, field

from dynamo.worker.planes.durable_events.events import (
    AllBlocksCleared,
    BlockRemoved,
    BlockStored,
    Event,
)

SIZE = 2

Prompt = tuple[int, ...]


def name(prompt: Prompt) -> int:
    """Return an engine's hash of a block that ends a prompt."""
    return hash((SIZE, *prompt)) & (2**64 - 1)


@dataclass
class PlainCache:
    """Prompts, each a multiple of the block size, and how often their last block is held."""

    held: Counter[Prompt] = field(default_factory=Counter)

    def store(self, prompt: Prompt) -> list[Event]:
        """Hold the blocks of a prompt that are not held yet; its last one once more."""
        blocks = [prompt[:end] for end in range(SIZE, len(prompt) + 1, SIZE)]
        new = [block for block in blocks[:-1] if not self.held[block]] + blocks[-1:]
        self.held.update(new)
        return [
            BlockStored(
                hashes=(name(block),),
                parent=name(block[:-SIZE]) if block[:-SIZE] else None,
                tokens=block[-SIZE:],
                block_size=SIZE,
            )
            for block in new
        ]

    def remove(self, number: int) -> list[Event]:
        """Give back one block that no other one follows."""
        leaves = sorted(
            block
            for block, count in self.held.items()
            if count and not any(o[: len(block)] == block for o in +self.held if o != block)
        )
        if not leaves:
            return []
        leaf = leaves[number % len(leaves)]
        self.held[leaf] -= 1
        return [BlockRemoved((name(leaf),))]

    def clear(self) -> list[Event]:
        self.held.clear()
        return [AllBlocksCleared()]

    def overlap(self, prompt: Prompt) -> int:
        count = 0
        while len(prompt) >= (count + 1) * SIZE and self.held[prompt[: (count + 1) * SIZE]]:
            count += 1
        return count
