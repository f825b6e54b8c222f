"""How vLLM cuts its KV cache into blocks, and how many tokens fit into given memory.

Source: vllm/v1/core/kv_cache_utils.py and vllm/v1/kv_cache_interface.py of 0.32.0. Layers that keep
the same share one group; a model that mixes full attention with sliding windows gets several groups
of equally many layers, whose blocks come from one pool, so a block counts once for each group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dynamo.config.model_facts import LayerCache
from dynamo.engines.memory.kv_cache import layer_bytes, state_bytes

KERNEL_BLOCK = 16
"""Blocks that are made larger for the sake of states stay multiples of this."""
STATES_OF_A_SEQUENCE = 2
"""With prefix caching: the state of the last block, and the one that is being written."""
FEW_MORE = 1.5
"""Below this ratio of layers, the smaller group is padded instead of the larger one cut."""


@dataclass(frozen=True)
class Sequences:
    """What the scheduler allows, as far as it decides about blocks."""

    longest: int
    """Tokens of the longest sequence (`max_model_len`)."""
    in_flight: int
    """Tokens that may be scheduled and not yet settled."""


@dataclass(frozen=True)
class Pool:
    """A pool of blocks on each device."""

    block_bytes: int
    """One block, in all layers of a group."""
    sequence_blocks: int
    """Blocks that the longest sequence takes."""
    longest: int

    @property
    def needed_bytes(self) -> int:
        """Return what must be there before vLLM starts: the longest sequence and one block."""
        return (self.sequence_blocks + 1) * self.block_bytes

    def blocks(self, memory: int) -> int:
        """Return how many blocks fit."""
        return memory // self.block_bytes

    def tokens(self, memory: int) -> int:
        """Return the tokens of the log line `GPU KV cache size`."""
        return int(self.blocks(memory) / self.sequence_blocks * self.longest)


@dataclass(frozen=True)
class _Layers:
    cache: LayerCache
    page: int
    block_size: int


def pool(
    caches: Sequence[LayerCache],
    sequences: Sequences,
    *,
    block_size: int,
    width: int,
    tensor: int = 1,
    pipeline: int = 1,
    hybrid: bool = True,
    dtype: str = "bfloat16",
) -> Pool:
    """Return the pool of a model.

    Args:
        caches: what the layers keep, by kind.
        sequences: limits of the scheduler.
        block_size: tokens per block.
        width: bytes of one number in the cache.
        tensor: tensor parallel size.
        pipeline: pipeline parallel size; the stage with most layers counts.
        hybrid: false where windows are not used to save memory.
        dtype: type that the model computes in.
    """
    block_size = with_room_for_states(caches, block_size, width, tensor, dtype)
    pages = [layer_bytes(cache, tensor, width) * block_size for cache in caches]
    states = any(cache.state for cache in caches)
    windows = states or (hybrid and any(cache.window for cache in caches))
    if states:
        pages = [max(pages)] * len(pages)
    if len(caches) == 1 or not windows:
        total = sum(
            page * -(-cache.layers // pipeline) for cache, page in zip(caches, pages, strict=True)
        )
        window = caches[0].window if windows else None
        return Pool(total, _blocks(caches[0], window, block_size, sequences), sequences.longest)
    groups = _same_pages(caches, pages, block_size)
    size = _group_size([group.cache.layers for group in groups])
    blocks = sum(
        -(-group.cache.layers // size)
        * _blocks(group.cache, group.cache.window, group.block_size, sequences)
        for group in groups
    )
    return Pool(-(-size // pipeline) * max(pages), blocks, sequences.longest)


def with_room_for_states(
    caches: Sequence[LayerCache], block_size: int, width: int, tensor: int, dtype: str
) -> int:
    """Return the tokens of a block so that its page holds a state of linear attention too.

    Source: `_align_hybrid_block_size` in vllm/platforms/interface.py, 0.32.0.
    """
    states = [state_bytes(cache.state, tensor, dtype) for cache in caches if cache.state]
    token = max(layer_bytes(cache, tensor, width) for cache in caches if not cache.state)
    if not states:
        return block_size
    return max(block_size, KERNEL_BLOCK * -(-max(states) // (KERNEL_BLOCK * token)))


def _same_pages(
    caches: Sequence[LayerCache], pages: Sequence[int], block_size: int
) -> list[_Layers]:
    """Give smaller pages more tokens, or padding where that does not come out even."""
    largest = max(pages)
    return [
        _Layers(cache, page, block_size * (largest // page if largest % page == 0 else 1))
        for cache, page in zip(caches, pages, strict=True)
    ]


def _group_size(layers: Sequence[int]) -> int:
    return max(layers) if max(layers) < FEW_MORE * min(layers) else min(layers)


def _blocks(cache: LayerCache, window: int | None, block_size: int, sequences: Sequences) -> int:
    """Return the blocks of one group that the longest sequence takes."""
    if cache.state:
        return STATES_OF_A_SEQUENCE
    tokens = sequences.longest
    if window and cache.kind == "chunked":
        tokens = min(tokens, window + sequences.in_flight)
    elif window:
        tokens = min(tokens, window - 1 + sequences.in_flight)
        return -(-tokens // block_size) + 1  # a window may begin inside a block
    return -(-tokens // block_size)
