"""Arguments of the mock engine, under vLLM's names wherever vLLM has the same one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAILURES = ("start", "out_of_memory", "crash", "hang")
"""What `fail` may ask for, so that every outcome of a start or a trial can be provoked."""


@dataclass(frozen=True)
class MockArguments:
    """How the simulated engine is limited, how fast it is, and how it fails."""

    max_num_seqs: int = 256
    """Most sequences that run at the same time; the others wait."""
    max_num_batched_tokens: int = 8192
    """Most tokens, prefill and decode together, that one step computes."""
    block_size: int = 16
    """Tokens per KV cache block."""
    num_gpu_blocks: int = 4096
    """KV cache blocks in the pool. They must hold at least one sequence of `max_model_len`."""
    max_model_len: int = 4096
    """Longest prompt plus output, in tokens."""
    prefill_tokens_per_second: float = 100_000.0
    """Speed at which prompt tokens that are not in the prefix cache are computed."""
    decode_step_seconds: float = 0.002
    """Fixed time of one step, in seconds."""
    decode_seconds_per_sequence: float = 0.00002
    """Time that each decoding sequence adds to a step, in seconds."""
    startup_seconds: float = 0.0
    """Time that `start` takes, in seconds."""
    vocab_size: int = 32_000
    """Token ids are in [0, vocab_size); unset: that of `model.path`, when its files are here."""
    seed: int = 0
    """Output tokens depend on this seed (or the request's) and on the prompt, on nothing else."""
    enable_prefix_caching: bool = True
    """Keep computed full blocks and serve equal prompt prefixes from them."""
    publish_kv_events: bool = False
    """Say over ZMQ which blocks the cache holds, in the form of vLLM; needs prefix caching."""
    enable_lora: bool = False
    """Take LoRA adapters; each makes other answers."""
    max_loras: int = 1
    """Adapters that it holds at a time."""
    use_tokenizer: bool = False
    """Take and give text instead of token ids: a made-up word per token."""
    fail: str | None = None
    """`start`: every start fails. `out_of_memory`: a start with more sequences than
    `out_of_memory_above` runs out of memory. `crash`: the engine dies after
    `crash_after_requests` requests, `hang`: it lives on and computes nothing. None: no failure."""
    out_of_memory_above: int = 0
    """Largest `max_num_seqs` that still fits into memory, for `fail=out_of_memory`."""
    crash_after_requests: int = 0
    """Requests accepted before the engine dies or hangs, for `fail=crash` and `fail=hang`."""


_AT_LEAST_ONE = (
    "max_num_seqs",
    "max_num_batched_tokens",
    "block_size",
    "num_gpu_blocks",
    "max_model_len",
    "vocab_size",
    "max_loras",
)
_NOT_NEGATIVE = (
    "decode_step_seconds",
    "decode_seconds_per_sequence",
    "startup_seconds",
    "out_of_memory_above",
    "crash_after_requests",
)


def mock_arguments(values: Mapping[str, Any]) -> MockArguments:
    """Return the arguments with the defaults filled in.

    Raises:
        TypeError: a name is unknown.
        ValueError: a value is out of range, or the pool cannot hold one longest sequence.
    """
    arguments = MockArguments(**values)
    for name in _AT_LEAST_ONE:
        if getattr(arguments, name) < 1:
            raise ValueError(f"{name} must be at least 1")
    for name in _NOT_NEGATIVE:
        if getattr(arguments, name) < 0:
            raise ValueError(f"{name} must not be negative")
    if arguments.prefill_tokens_per_second <= 0:
        raise ValueError("prefill_tokens_per_second must be positive")
    if arguments.fail is not None and arguments.fail not in FAILURES:
        raise ValueError(f"fail must be one of {', '.join(FAILURES)}")
    if arguments.num_gpu_blocks * arguments.block_size < arguments.max_model_len:
        raise ValueError("num_gpu_blocks blocks cannot hold one sequence of max_model_len tokens")
    return arguments
