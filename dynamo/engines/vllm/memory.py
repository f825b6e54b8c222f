"""How vLLM divides the memory of a device: weights, a reserve, and the KV cache with the rest.

vLLM takes `gpu_memory_utilization` of a GPU's memory, loads the weights, runs the largest step once
and measures its peak, and gives what is left to the KV cache (`determine_available_memory` in
vllm/v1/worker/gpu_worker.py, 0.32.0). On a CPU the KV cache's size is a setting.
docs/memory.md says how well this foretells what engines report.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan, MemorySettings
from dynamo.config.model_facts import ModelFacts
from dynamo.config.plan import EnginePlan
from dynamo.engines.catalogue import load
from dynamo.engines.memory.kv_cache import cache_dtype_bytes
from dynamo.engines.memory.parallelism import Parallelism, whole
from dynamo.engines.memory.weights import computing_dtype, weights_bytes
from dynamo.engines.vllm.kv_cache import Pool, Sequences, pool
from dynamo.engines.vllm.reserve import cpu_reserve, gpu_reserve
from dynamo.engines.vllm.steps import Steps, largest_steps

GIB = 2**30
PREFIX, SHARE = "backend.engine", "gpu_memory_utilization"
ONLINE = ("fp8", "fp8_per_tensor", "fp8_per_block", "fp8_per_channel")
"""Quantisations to 8 bits that vLLM applies to a checkpoint of full precision."""
FULL_PRECISION = ("embedding", "head", "router and norms")


def memory_plan(facts: ModelFacts | None, plan: EnginePlan, machine: Machine) -> MemoryPlan:
    """Say what vLLM takes of the devices, with an estimate where the model is understood."""
    spread, on_cpu = parallelism(plan.arguments), plan.device == "cpu"
    share = "backend.environment.VLLM_CPU_KVCACHE_SPACE" if on_cpu else f"{PREFIX}.{SHARE}"
    return MemoryPlan(
        devices=devices_here(plan.arguments, spread),
        ranks=spread.tensor,
        share=None if on_cpu else utilization(plan),
        kv_cache_bytes=cpu_kv_cache(plan) if on_cpu else gpu_kv_cache(plan),
        settings=MemorySettings(f"{PREFIX}.max_model_len", share, f"{PREFIX}.tensor_parallel_size"),
        estimate=estimate(facts, plan, machine) if facts else None,
    )


def estimate(facts: ModelFacts, plan: EnginePlan, machine: Machine) -> MemoryEstimate | None:
    """Estimate the memory of one device; None where the model is not understood."""
    arguments = plan.arguments
    spread = parallelism(arguments)
    dtype = computing_dtype(facts, str(arguments.get("dtype") or "auto"))
    facts = quantised_online(facts, arguments)
    weights = weights_bytes(facts, spread, dtype)
    steps = largest_steps(arguments, plan.device, machine)
    blocks = kv_pool(facts, arguments, dtype, spread, steps)
    if weights is None or blocks is None:
        return None
    weights = max(0, weights - int(float(arguments.get("cpu_offload_gb") or 0) * GIB))
    if plan.device == "cpu":
        total, budget = machine.memory_bytes or None, None
        reserve, cache = cpu_reserve(facts, steps), cpu_kv_cache(plan)
    else:
        total = min(machine.gpu_memory_bytes[: spread.devices], default=None)
        budget = int(total * utilization(plan)) if total else None
        eager = bool(arguments.get("enforce_eager"))
        reserve = gpu_reserve(facts, spread, steps, blocks.longest, eager=eager)
        cache = gpu_kv_cache(plan)
        if cache is None and budget is not None:
            cache = max(0, budget - weights - reserve)
    return MemoryEstimate(
        total_bytes=total,
        budget_bytes=budget,
        weights_bytes=weights,
        reserve_bytes=reserve,
        kv_cache_bytes=cache,
        kv_cache_tokens=None if cache is None else blocks.tokens(cache),
        longest_sequence=blocks.longest,
        sequence_bytes=blocks.needed_bytes,
    )


def kv_pool(
    facts: ModelFacts, arguments: Mapping[str, Any], dtype: str, spread: Parallelism, steps: Steps
) -> Pool | None:
    """Return how the KV cache is cut into blocks; None where its layout is not known."""
    width = cache_dtype_bytes(facts, str(arguments.get("kv_cache_dtype") or "auto"), dtype)
    longest = longest_sequence(facts, arguments)
    if facts.caches is None or width is None or longest is None:
        return None
    return pool(
        facts.caches,
        Sequences(longest, steps.in_flight),
        block_size=whole(arguments, "block_size", default=16),
        width=width,
        tensor=spread.tensor,
        pipeline=spread.pipeline,
        hybrid=not arguments.get("disable_hybrid_kv_cache_manager"),
        dtype=dtype,
    )


def parallelism(arguments: Mapping[str, Any]) -> Parallelism:
    """Return over how many devices vLLM spreads the model."""
    data = whole(arguments, "data_parallel_size")
    return Parallelism(
        tensor=whole(arguments, "tensor_parallel_size"),
        pipeline=whole(arguments, "pipeline_parallel_size"),
        data=data,
        experts=bool(arguments.get("enable_expert_parallel")),
        data_here=whole(arguments, "data_parallel_size_local", default=data),
    )


def devices_here(arguments: Mapping[str, Any], spread: Parallelism) -> int:
    """Return how many devices this machine must have; Ray finds them elsewhere too."""
    if arguments.get("distributed_executor_backend") == "ray":
        return 1
    return max(1, spread.devices // whole(arguments, "nnodes"))


def longest_sequence(facts: ModelFacts, arguments: Mapping[str, Any]) -> int | None:
    """Return `max_model_len`, or what vLLM takes from the model where it is not set."""
    given = whole(arguments, "max_model_len", default=0)
    if given or facts.context is None:
        return given or None
    return facts.context.starts_at or facts.context.tokens


def utilization(plan: EnginePlan) -> float:
    """Return the share of a GPU that vLLM takes: what is set, else the version's default."""
    given = plan.arguments.get(SHARE)
    argument = load("vllm", plan.version).arguments[SHARE]
    return float(argument.default if given is None else given)


def cpu_kv_cache(plan: EnginePlan) -> int | None:
    """Return the size of the KV cache in main memory; the variable wins and means whole GiB."""
    space = plan.environment.get("VLLM_CPU_KVCACHE_SPACE", "")
    if space.isdecimal() and int(space):
        return int(space) * GIB
    return gpu_kv_cache(plan)


def gpu_kv_cache(plan: EnginePlan) -> int | None:
    """Return the size of the KV cache on each device, where it is set."""
    return whole(plan.arguments, "kv_cache_memory_bytes", default=0) or None


def quantised_online(facts: ModelFacts, arguments: Mapping[str, Any]) -> ModelFacts:
    """Count 8 bits for the layers of a full-precision model that vLLM quantises as it loads."""
    if facts.quantization or facts.weights is None or arguments.get("quantization") not in ONLINE:
        return facts
    parts = tuple(
        part if part.part in FULL_PRECISION else replace(part, bits=8, quantised=True)
        for part in facts.weights
    )
    return replace(facts, weights=parts, checkpoint_bytes=None)
