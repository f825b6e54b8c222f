"""How SGLang divides the memory of a GPU: weights and KV cache in a static share, the rest is left.

`mem_fraction_static` of what is free before the weights are loaded is theirs and the KV cache's
(`_profile_available_bytes` in sglang/srt/mem_cache/kv_cache_configurator.py, 0.5.20). Where it is
not set, SGLang sets aside what graphs and activations take by its rule of thumb
(`handle_gpu_memory_settings` in sglang/srt/arg_groups/memory_hook.py). Not compared on a GPU.
"""

from collections.abc import Mapping
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan, MemorySettings
from dynamo.config.model_facts import ModelFacts
from dynamo.config.plan import EnginePlan
from dynamo.engines.memory.kv_cache import cache_dtype_bytes, layer_bytes
from dynamo.engines.memory.parallelism import Parallelism, whole
from dynamo.engines.memory.weights import computing_dtype, weights_bytes

GIB, MIB = 2**30, 2**20
PREFIX = "backend.engine"
CONTEXT_BYTES = GIB // 2
"""CUDA's own, taken before anything is loaded."""
TOGETHER_BYTES = GIB
"""Buffers for GPUs that work together; 2 GiB in all were seen on eight H200 (SGLang PR 11716)."""
STEPS = (
    (90 * 1024, 16384, 512, 512), (60 * 1024, 8192, 256, 512), (35 * 1024, 4096, 32, 160),
    (20 * 1024, 4096, 48, 160), (0, 2048, 8, 8),
)  # fmt: skip
"""Least MiB of a GPU, tokens of a prefill step, largest graph below and from four ranks on."""
LEAST_LEFT_MIB = 10 * 1024
"""What stays outside the static share of a GPU with more than 60 GiB."""


def memory_plan(facts: ModelFacts | None, plan: EnginePlan, machine: Machine) -> MemoryPlan:
    """Say what SGLang takes of the GPUs, with an estimate where the model is understood."""
    arguments, spread = plan.arguments, parallelism(plan.arguments)
    on_gpu = plan.device == "cuda"
    total = min(machine.gpu_memory_bytes[: spread.devices], default=None) if on_gpu else None
    share = static_share(arguments, total)
    names = ("context_length", "mem_fraction_static", "tp_size")
    return MemoryPlan(
        devices=max(1, spread.devices // whole(arguments, "nnodes")),
        ranks=whole(arguments, "tp_size"),
        share=share,
        kv_cache_bytes=None,
        settings=MemorySettings(*(f"{PREFIX}.{name}" for name in names)),
        estimate=estimate(facts, plan, total, share) if facts else None,
        strict=False,
    )


def parallelism(arguments: Mapping[str, Any]) -> Parallelism:
    """Return over how many GPUs SGLang spreads the model; attention's data ranks share them."""
    tensor, data = whole(arguments, "tp_size"), whole(arguments, "dp_size")
    return Parallelism(
        tensor=tensor,
        pipeline=whole(arguments, "pp_size"),
        data=1,
        data_here=1 if arguments.get("enable_dp_attention") else data,
    )


def static_share(arguments: Mapping[str, Any], total: int | None) -> float | None:
    """Return `mem_fraction_static`, or SGLang's rule of thumb for this GPU."""
    given = arguments.get("mem_fraction_static")
    if given is not None or total is None:
        return None if given is None else float(given)
    size, tensor = total / MIB, whole(arguments, "tp_size")
    prefill, few, many = next(tail for least, *tail in STEPS if size >= least)
    tokens = whole(arguments, "chunked_prefill_size", default=prefill)
    left = 512 + 1.5 * tokens + 2 * (few if tensor < 4 else many)
    left += 128 * tensor * whole(arguments, "pp_size")
    least = LEAST_LEFT_MIB if size > 60 * 1024 else 0
    return round(1 - max(left, least) / size, 3)


def estimate(
    facts: ModelFacts, plan: EnginePlan, total: int | None, share: float | None
) -> MemoryEstimate | None:
    """Estimate one GPU; None where the model is not understood, or its windows have own pools."""
    arguments, spread = plan.arguments, parallelism(plan.arguments)
    dtype = computing_dtype(facts, str(arguments.get("dtype") or "auto"))
    weights = weights_bytes(facts, spread, dtype)
    token = token_bytes(facts, arguments, dtype)
    longest = whole(
        arguments, "context_length", default=facts.context.tokens if facts.context else 0
    )
    if weights is None or token is None or not longest:
        return None
    before = CONTEXT_BYTES + (TOGETHER_BYTES if spread.tensor * spread.pipeline > 1 else 0)
    budget = int(total * share) if total and share else None
    reserve = int(before * (share or 1))
    cache = None if budget is None else max(0, budget - weights - reserve)
    tokens = None if cache is None else cache // token
    most = arguments.get("max_total_tokens")
    if tokens is not None and isinstance(most, int):
        tokens = min(tokens, most)
    return MemoryEstimate(
        total_bytes=total,
        budget_bytes=budget,
        weights_bytes=weights,
        reserve_bytes=reserve,
        kv_cache_bytes=cache,
        kv_cache_tokens=tokens,
        longest_sequence=longest,
        sequence_bytes=longest * token,
    )


def token_bytes(facts: ModelFacts, arguments: Mapping[str, Any], dtype: str) -> int | None:
    """Return the bytes of one token in all layers of one GPU."""
    width = cache_dtype_bytes(facts, str(arguments.get("kv_cache_dtype") or "auto"), dtype)
    caches = facts.caches
    if width is None or caches is None or any(cache.window or cache.state for cache in caches):
        return None
    ranks = attention_ranks(arguments)
    layers = sum(layer_bytes(cache, ranks, width) * cache.layers for cache in caches)
    return -(-layers // whole(arguments, "pp_size"))


def attention_ranks(arguments: Mapping[str, Any]) -> int:
    """Return over how many GPUs the heads are divided: with data parallel attention, fewer."""
    tensor, data = whole(arguments, "tp_size"), whole(arguments, "dp_size")
    return max(1, tensor // data) if arguments.get("enable_dp_attention") else tensor
