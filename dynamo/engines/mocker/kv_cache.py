"""A pool of KV cache blocks that keeps the content of free blocks until they are needed."""

from collections import OrderedDict
from collections.abc import KeysView, Sequence

from dynamo.engines.mocker.kv_events import EventLog


class BlockPool:
    """Counts references to blocks and finds cached blocks by the hash of their prefix.

    A block that nobody refers to stays findable until it is handed out again, least recently
    released first.
    """

    def __init__(self, num_blocks: int, log: EventLog | None = None) -> None:
        self._log = log
        self._references = [0] * num_blocks
        self._free: OrderedDict[int, None] = OrderedDict(
            (block, None) for block in range(num_blocks)
        )
        self._hash_of: dict[int, int] = {}
        self._by_hash: dict[int, int] = {}

    @property
    def num_free(self) -> int:
        """Blocks that nobody refers to, cached ones among them."""
        return len(self._free)

    @property
    def num_used(self) -> int:
        return len(self._references) - len(self._free)

    @property
    def cached_hashes(self) -> KeysView[int]:
        """Prefix hashes by which blocks can be found."""
        return self._by_hash.keys()

    def acquire_cached(self, hashes: Sequence[int]) -> list[int]:
        """Refer to the cached blocks of the longest known prefix and return them."""
        blocks = []
        for value in hashes:
            block = self._by_hash.get(value)
            if block is None:
                break
            self._free.pop(block, None)
            self._references[block] += 1
            blocks.append(block)
        return blocks

    def allocate(self, count: int) -> list[int] | None:
        """Refer to `count` blocks of unspecified content; None, and no change, if too few."""
        if count > len(self._free):
            return None
        blocks = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in blocks:
            self._forget(block)
            self._references[block] = 1
        return blocks

    def publish(self, block: int, prefix_hash: int) -> bool:
        """Make a fully computed block findable; false where another of the same content is."""
        if prefix_hash in self._by_hash:
            return False
        self._by_hash[prefix_hash] = block
        self._hash_of[block] = prefix_hash
        return True

    def release(self, blocks: Sequence[int]) -> None:
        """Give references back; the end of a sequence is reused before its beginning."""
        for block in reversed(blocks):
            self._references[block] -= 1
            if self._references[block] == 0:
                self._free[block] = None

    def reset(self) -> bool:
        """Forget all cached prefixes; false, and no change, while a block is in use."""
        if self.num_used:
            return False
        self._hash_of.clear()
        self._by_hash.clear()
        if self._log is not None:
            self._log.cleared()
        return True

    def _forget(self, block: int) -> None:
        prefix_hash = self._hash_of.pop(block, None)
        if prefix_hash is not None:
            del self._by_hash[prefix_hash]
            if self._log is not None:
                self._log.removed(prefix_hash)


def extend_block_hashes(hashes: list[int], tokens: Sequence[int], block_size: int) -> None:
    """Append the prefix hash of every full block of `tokens` that has none yet."""
    for index in range(len(hashes), len(tokens) // block_size):
        parent = hashes[-1] if hashes else 0
        block = tokens[index * block_size : (index + 1) * block_size]
        hashes.append(hash((parent, *block)))
