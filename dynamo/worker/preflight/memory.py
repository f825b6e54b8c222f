"""Memory: enough for the weights and the KV cache that were asked for."""

import json
import os
import re
import subprocess
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem

GIB = 2**30
ENGINE_OVERHEAD_BYTES = 1 * GIB
"""Libraries and buffers of one vLLM process on a CPU, roughly."""
DEFAULT_GPU_MEMORY_UTILIZATION = 0.9
WEIGHTS = ("*.safetensors", "*.bin", "*.pt")


def check_memory(plan: LaunchPlan) -> list[Problem]:
    """Compare what the plan needs with what is free on its device."""
    if plan.engine.backend == "mocker":
        return []
    return _check_gpus(plan) if plan.engine.device == "cuda" else _check_main_memory(plan)


def _check_main_memory(plan: LaunchPlan) -> list[Problem]:
    needed = cpu_bytes_needed(plan)
    available = available_memory()
    if available is None or needed <= available:
        return []
    text = (
        f"does not fit: weights, KV cache and engine take {needed / GIB:.1f} GiB, "
        f"{available / GIB:.1f} GiB are free"
    )
    cache = plan.engine.environment.get("VLLM_CPU_KVCACHE_SPACE", "")
    path = "backend.environment.VLLM_CPU_KVCACHE_SPACE"
    fitting = int((available - needed) / GIB + float(cache or 0) - 1)
    meant = f"{path}={fitting}" if fitting >= 1 else ""
    return [Problem(path, cache, text, "less KV cache, or a smaller model", meant)]


def cpu_bytes_needed(plan: LaunchPlan) -> int:
    """Return weights in the type they are computed in, plus KV cache, plus the engine itself."""
    cache = float(plan.engine.environment.get("VLLM_CPU_KVCACHE_SPACE", 0) or 0) * GIB
    cache = cache or float(plan.engine.arguments.get("kv_cache_memory_bytes") or 0)
    weights = 0 if plan.engine.arguments.get("load_format") == "dummy" else weights_bytes(plan)
    return int(weights + cache + ENGINE_OVERHEAD_BYTES)


def weights_bytes(plan: LaunchPlan) -> int:
    """Return the size of the weights in memory; 0 for a model that is not a local directory."""
    directory = Path(plan.model.path).expanduser()
    stored = [sum(f.stat().st_size for f in directory.glob(pattern)) for pattern in WEIGHTS]
    size = next((total for total in stored if total), 0)
    wanted, given = plan.engine.arguments.get("dtype", "auto"), _stored_dtype(directory)
    doubled = wanted == "float32" and given in ("bfloat16", "float16")
    return size * 2 if doubled else size


def _stored_dtype(directory: Path) -> str:
    try:
        config = json.loads((directory / "config.json").read_text())
    except (OSError, ValueError):
        return ""
    return str(config.get("dtype") or config.get("torch_dtype") or "")


def available_memory() -> int | None:
    """Return the main memory that a new process can use, in bytes; None when unknown."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _check_gpus(plan: LaunchPlan) -> list[Problem]:
    gpus = gpu_memory()
    if not gpus:
        text = "needs an NVIDIA GPU, and none is visible here"
        return [Problem("backend.device", "cuda", text, "auto, cpu", "backend.device=cpu")]
    wanted = _gpus_wanted(plan)
    if len(gpus) < wanted:
        text = f"needs {wanted} GPUs, {len(gpus)} visible"
        return [Problem("backend.engine.tensor_parallel_size", wanted, text, f"1 to {len(gpus)}")]
    share = float(plan.engine.arguments.get("gpu_memory_utilization") or 0)
    share = share or DEFAULT_GPU_MEMORY_UTILIZATION
    return [
        _gpu_too_full(number, share, free, total)
        for number, (free, total) in enumerate(gpus[:wanted])
        if share * total > free
    ]


def _gpu_too_full(number: int, share: float, free: int, total: int) -> Problem:
    path = "backend.engine.gpu_memory_utilization"
    text = f"does not fit GPU {number}: {free} of {total} MiB are free"
    allowed = f"at most {free / total:.2f}, or end what uses the GPU"
    return Problem(path, share, text, allowed, f"{path}={int(free / total * 100) / 100}")


def _gpus_wanted(plan: LaunchPlan) -> int:
    arguments = plan.engine.arguments
    tensor = int(arguments.get("tensor_parallel_size") or 1)
    return tensor * int(arguments.get("pipeline_parallel_size") or 1)


def gpu_memory() -> list[tuple[int, int]]:
    """Return (free, total) in MiB of each visible GPU; empty when the driver does not answer."""
    query = ["nvidia-smi", "--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        query.append(f"--id={visible}")
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=2, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = [line.split(",") for line in done.stdout.splitlines()]
    return [(int(free), int(total)) for free, total in pairs]
