"""Which blocks one KV cache holds, as its events tell."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, KeysView, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from dynamo.worker.planes.durable_events.events import (
    AllBlocksCleared,
    BlockHash,
    BlockRemoved,
    BlockStored,
    Event,
    Place,
)

Content = bytes
"""Names a block by its tokens and all tokens before it, the same for every engine."""
ROOT: Content = b""


def content_of(
    parent: Content, tokens: Sequence[int], lora_name: str | None = None, extra: Any = None
) -> Content:
    """Name the block that follows `parent`."""
    digest = hashlib.blake2b(parent, digest_size=16)
    digest.update(packed(tokens))
    if lora_name is not None or extra is not None:
        digest.update(msgspec.msgpack.encode([lora_name, extra]))
    return digest.digest()


def packed(tokens: Sequence[int]) -> bytes:
    """Write token ids in 4 bytes each."""
    return array("I", tokens).tobytes()


def unpacked(tokens: bytes) -> tuple[int, ...]:
    """Read what `packed` wrote."""
    return tuple(array("I", tokens))


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it was stored, with what is needed to say it again."""

    block_hash: BlockHash
    parent: BlockHash | None
    tokens: bytes
    block_size: int
    place: Place
    lora_name: str | None
    extra: Any
    content: Content | None
    """None when the blocks before it are not known: it is held, but no prompt can be seen in it."""


Key = tuple[Place, BlockHash]
Held = tuple[Block, int]
"""A block and how often it is held."""


class CacheBlocks:
    """The blocks of one data-parallel rank of one worker.

    An engine may hold the same block twice, when two requests computed it at the same time: it
    says so twice and takes it back twice.
    """

    def __init__(self) -> None:
        self._held: dict[Key, tuple[Block, int]] = {}
        self._contents: Counter[Content] = Counter()
        self._named: dict[BlockHash, Content] = {}
        self.block_sizes: set[int] = set()
        """Tokens per block: one size, unless groups of layers differ."""

    def apply(self, event: Event) -> None:
        """Account for one event."""
        match event:
            case BlockStored():
                for block in self._blocks(event):
                    self._add(block, 1)
            case BlockRemoved():
                for value in event.hashes:
                    self._remove((event.place, value))
            case AllBlocksCleared():
                self.clear()

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
        self._contents.clear()
        self._named.clear()
        self.block_sizes.clear()

    def _blocks(self, event: BlockStored) -> Iterator[Block]:
        size = event.block_size
        # With sliding windows an engine leaves blocks out: then tokens and hashes do not match.
        whole = len(event.tokens) == size * len(event.hashes)
        parent: Content | None = ROOT
        if event.parent is not None:
            parent = self._named.get(event.parent)
        before = event.parent
        for number, value in enumerate(event.hashes):
            tokens = event.tokens[number * size : (number + 1) * size] if whole else ()
            extra = _besides_lora(event, number) if whole else None
            known = whole and parent is not None
            parent = content_of(parent or ROOT, tokens, event.lora_name, extra) if known else None
            yield Block(
                value, before, packed(tokens), size, event.place, event.lora_name, extra, parent
            )
            before = value

    def _add(self, block: Block, count: int) -> None:
        key = (block.place, block.block_hash)
        known, before = self._held.get(key, (block, 0))
        if not before and block.content is not None:
            self._contents[block.content] += 1
            self._named[block.block_hash] = block.content
        self._held[key] = (known, before + count)
        self.block_sizes.add(block.block_size)

    def _remove(self, key: Key) -> None:
        if key not in self._held:
            return
        block, count = self._held[key]
        if count > 1:
            self._held[key] = (block, count - 1)
            return
        del self._held[key]
        if block.content is None:
            return
        self._contents[block.content] -= 1
        if not self._contents[block.content]:
            del self._contents[block.content]
            self._named.pop(block.block_hash, None)

    def __len__(self) -> int:
        return len(self._held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CacheBlocks) and self._held == other._held

    __hash__ = None  # type: ignore[assignment]

    @property
    def contents(self) -> KeysView[Content]:
        """What of it a prompt can be compared with."""
        return self._contents.keys()

    def held(self) -> list[Held]:
        """Return every block and how often it is held, as of now."""
        return list(self._held.values())

    def in_order(self) -> Iterator[Held]:
        """Yield the same with parents before their children."""
        named = {block.block_hash for block, _count in self._held.values()}
        following: dict[BlockHash | None, list[Held]] = {}
        for block, count in self._held.values():
            before = block.parent if block.parent in named else None
            following.setdefault(before, []).append((block, count))
        waiting = following.pop(None, [])
        while waiting:
            held = waiting.pop()
            yield held
            waiting += following.pop(held[0].block_hash, [])

    def load(self, blocks: Iterable[Held]) -> None:
        """Hold exactly these blocks."""
        self.clear()
        for block, count in blocks:
            self._add(block, count)


def _besides_lora(event: BlockStored, number: int) -> Any:
    """Return what else tells a block apart; vLLM repeats the adapter's name there."""
    keys = event.extra_keys[number] if event.extra_keys else None
    return [key for key in keys or () if key != event.lora_name] or None


def overlap(
    blocks: CacheBlocks, tokens: Sequence[int], block_size: int, lora_name: str | None = None
) -> int:
    """Count the blocks at the beginning of a prompt that a cache holds."""
    content, found = ROOT, 0
    for start in range(0, len(tokens) - block_size + 1, block_size):
        content = content_of(content, tokens[start : start + block_size], lora_name)
        if content not in blocks.contents:
            return found
        found += 1
    return found
