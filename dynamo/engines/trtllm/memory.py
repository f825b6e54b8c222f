"""How TensorRT-LLM divides the memory of a GPU: its KV cache takes a share of what is left.

`free_gpu_memory_fraction` counts of what is free once weights are loaded and the largest step has
run (KvCacheConfig, 1.2). TensorRT-LLM has not been run here; what a step takes is estimated.
"""

from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan, MemorySettings
from dynamo.config.model_facts import ModelFacts
from dynamo.config.plan import EnginePlan
from dynamo.engines.memory.kv_cache import cache_dtype_bytes, layer_bytes
from dynamo.engines.memory.parallelism import Parallelism, whole
from dynamo.engines.memory.weights import computing_dtype, weights_bytes

GIB = 2**30
FREE_SHARE = 0.9
"""TensorRT-LLM's default of free_gpu_memory_fraction."""
LIBRARIES_BYTES = 2 * GIB
"""CUDA, its libraries and graphs, roughly."""
MOST_TOKENS = 8192
"""TensorRT-LLM's default of max_num_tokens."""
HALF = 2


def memory_plan(facts: ModelFacts | None, plan: EnginePlan, machine: Machine) -> MemoryPlan:
    """Say what TensorRT-LLM takes of the GPUs, with an estimate where the model is understood."""
    arguments = plan.arguments
    spread = Parallelism(
        whole(arguments, "tensor_parallel_size"),
        whole(arguments, "pipeline_parallel_size"),
        experts=whole(arguments, "moe_expert_parallel_size") > 1,
    )
    return MemoryPlan(
        devices=spread.devices,
        ranks=spread.tensor,
        share=None,
        kv_cache_bytes=None,
        settings=MemorySettings(
            "backend.max_seq_len",
            "backend.free_gpu_memory_fraction",
            "backend.tensor_parallel_size",
        ),
        estimate=estimate(facts, plan, spread, machine) if facts else None,
        strict=False,
    )


def estimate(
    facts: ModelFacts, plan: EnginePlan, spread: Parallelism, machine: Machine
) -> MemoryEstimate | None:
    """Estimate one GPU; None where the model is not understood. Windows save nothing by default."""
    arguments = plan.arguments
    cache: Any = arguments.get("kv_cache_config") or {}
    dtype = computing_dtype(facts, str(arguments.get("dtype") or "auto"))
    weights = weights_bytes(facts, spread, dtype)
    width = cache_dtype_bytes(facts, str(cache.get("dtype") or "auto"), dtype)
    longest = whole(arguments, "max_seq_len", default=facts.context.tokens if facts.context else 0)
    if weights is None or width is None or facts.caches is None or not longest:
        return None
    if any(one.state for one in facts.caches):
        return None
    layers = sum(layer_bytes(one, spread.tensor, width) * one.layers for one in facts.caches)
    token = -(-layers // spread.pipeline)
    steps = whole(arguments, "max_num_tokens", default=MOST_TOKENS)
    widest = 3 * facts.intermediate_size / spread.tensor + 4 * facts.hidden_size
    reserve = LIBRARIES_BYTES + int(steps * widest * HALF)
    total = min(machine.gpu_memory_bytes[: spread.devices], default=None)
    share = float(cache.get("free_gpu_memory_fraction") or FREE_SHARE)
    left = None if total is None else max(0, int((total - weights - reserve) * share))
    return MemoryEstimate(
        total_bytes=total,
        budget_bytes=total,
        weights_bytes=weights,
        reserve_bytes=reserve,
        kv_cache_bytes=left,
        kv_cache_tokens=None if left is None else left // token,
        longest_sequence=longest,
        sequence_bytes=longest * token,
    )
