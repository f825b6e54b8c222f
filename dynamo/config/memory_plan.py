"""The part of a launch plan that says what the engine takes of the machine's memory."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryEstimate:
    """What one device needs for a model whose config.json is here: a GPU, or main memory.

    Sizes in bytes; docs/memory.md has the formulas and how exact they are.
    """

    total_bytes: int | None
    """Memory of the smallest device; None: not known here."""
    budget_bytes: int | None
    """What the engine takes of it for everything; None where the cache's size is set instead."""
    weights_bytes: int
    reserve_bytes: int
    """Activations of the largest step, CUDA graphs, libraries."""
    kv_cache_bytes: int | None
    """What is left, or what was asked for."""
    kv_cache_tokens: int | None
    """Tokens that fit into it, in sequences of the greatest length."""
    longest_sequence: int
    """Tokens."""
    sequence_bytes: int
    """KV cache of one longest sequence, which must fit."""


@dataclass(frozen=True)
class MemorySettings:
    """Paths of the settings by which an engine's memory is changed."""

    longest: str
    """Of the greatest sequence length."""
    share: str
    """Of the share of a GPU, or the size of the KV cache in main memory."""
    ranks: str
    """Of the tensor parallel size."""


@dataclass(frozen=True)
class MemoryPlan:
    """What the engine takes of the machine's devices."""

    devices: int
    """How many GPUs, or processes on a CPU, hold a part of the model on this machine."""
    ranks: int
    """Tensor parallel size."""
    share: float | None
    """Of each GPU's memory; None on a CPU."""
    kv_cache_bytes: int | None
    """Size of the KV cache that was asked for; None: what is left."""
    settings: MemorySettings
    strict: bool = True
    """Whether the engine refuses to start when its share is not free, or has no room for one
    longest sequence; others make do with less."""
    estimate: MemoryEstimate | None = None
    """None where the model's config.json is not here, or its architecture not known."""
