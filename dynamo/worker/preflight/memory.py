"""Memory: is there now what the plan needs."""

import re
from pathlib import Path

from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.worker.gpus import GpuMemory, visible_gpus

GIB = 2**30
MIB = 2**20
PROCESS_BYTES = 1 * GIB
"""Libraries and buffers of one engine process on a CPU, where nothing is known about the model."""


def check_memory(plan: LaunchPlan) -> list[Problem]:
    """Compare what the plan needs with what is free on its devices."""
    if plan.memory is None:
        return []
    if plan.engine.device == "cuda":
        return _check_gpus(plan.memory)
    return _check_main_memory(plan.memory)


def _check_main_memory(memory: MemoryPlan) -> list[Problem]:
    needed, available = cpu_bytes_needed(memory), available_memory()
    if available is None or needed <= available:
        return []
    text = (
        f"does not fit: weights, KV cache and engine take {needed / GIB:.1f} GiB, "
        f"{available / GIB:.1f} GiB are free"
    )
    path, cache = memory.settings.share, memory.kv_cache_bytes or 0
    fitting = int((available - needed) / GIB / memory.devices + cache / GIB - 1)
    meant = f"{path}={fitting}" if fitting >= 1 else ""
    value = f"{cache / GIB:g}" if cache else ""
    return [Problem(path, value, text, "less KV cache, or a smaller model", meant)]


def cpu_bytes_needed(memory: MemoryPlan) -> int:
    """Return weights, KV cache and the engine itself, of all its processes."""
    found = memory.estimate
    engine = found.weights_bytes + found.reserve_bytes if found else PROCESS_BYTES
    return memory.devices * (engine + (memory.kv_cache_bytes or 0))


def available_memory() -> int | None:
    """Return the main memory that a new process can use, in bytes; None when unknown."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _check_gpus(memory: MemoryPlan) -> list[Problem]:
    gpus = visible_gpus()
    if not gpus:
        text = "needs an NVIDIA GPU, and none is visible here"
        return [Problem("backend.device", "cuda", text, "auto, cpu", "backend.device=cpu")]
    if len(gpus) < memory.devices:
        text = f"needs {memory.devices} GPUs in all, {len(gpus)} visible"
        return [Problem(memory.settings.ranks, memory.ranks, text, f"at most {len(gpus)} in all")]
    share = memory.share if memory.strict and memory.share else 0
    return [
        _gpu_too_full(number, memory, gpu)
        for number, gpu in enumerate(gpus[: memory.devices])
        if share * gpu.total > gpu.free
    ]


def _gpu_too_full(number: int, memory: MemoryPlan, gpu: GpuMemory) -> Problem:
    path, share = memory.settings.share, gpu.free / gpu.total
    text = f"does not fit GPU {number}: {gpu.free // MIB} of {gpu.total // MIB} MiB are free"
    allowed = f"at most {share:.2f}, or end what uses the GPU"
    return Problem(path, memory.share, text, allowed, f"{path}={int(share * 100) / 100}")
