"""The largest step that vLLM's scheduler makes, which decides about activations and windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.config.machine import Machine
from dynamo.engines.memory.parallelism import whole

GIB = 2**30
DEFAULTS = ((160 * GIB, 16384, 1024), (70 * GIB, 8192, 1024), (0, 2048, 256))
"""Least memory of a GPU, tokens per step, sequences: vLLM's defaults for a server
(`get_batch_defaults` in vllm/engine/arg_utils.py, 0.32.0)."""
CPU_DEFAULTS = (2048, 128)


@dataclass(frozen=True)
class Steps:
    """Limits of the scheduler."""

    tokens: int
    """`max_num_batched_tokens`."""
    sequences: int
    """`max_num_seqs`."""
    in_flight: int
    """Tokens of all steps that may run at once."""


def largest_steps(arguments: Mapping[str, Any], device: str, machine: Machine) -> Steps:
    """Return what is set, else the defaults for this size of GPU, or for a CPU.

    A GPU of unknown size is taken for one of 80 GB. Steps overlap on a GPU: while one runs, the
    next is scheduled.
    """
    ranks = whole(arguments, "tensor_parallel_size") * whole(arguments, "pipeline_parallel_size")
    tokens, sequences = (number * ranks for number in CPU_DEFAULTS)
    if device != "cpu":
        memory = min(machine.gpu_memory_bytes, default=DEFAULTS[1][0])
        tokens, sequences = next(tail for least, *tail in DEFAULTS if memory >= least)
    tokens = whole(arguments, "max_num_batched_tokens", default=tokens)
    overlapping = 1 if device == "cpu" or arguments.get("async_scheduling") is False else 2
    return Steps(tokens, whole(arguments, "max_num_seqs", default=sequences), overlapping * tokens)
