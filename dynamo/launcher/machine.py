"""Read the facts that planning needs about the machine at hand, without loading an engine."""

import os
import re
from pathlib import Path

from dynamo.config.machine import Machine
from dynamo.engines.installed import DISTRIBUTIONS, installed_version
from dynamo.worker.gpus import visible_gpus


def this_machine() -> Machine:
    """Return what the running system says; costs a few milliseconds."""
    gpus = visible_gpus()
    return Machine(
        gpus=len(gpus) or _gpu_devices(),
        gpu_memory_bytes=tuple(gpu.total for gpu in gpus),
        cpu_bf16=bool(re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", _read("/proc/cpuinfo"))),
        cpu_threads=len(os.sched_getaffinity(0)),
        memory_bytes=_available_memory(),
        engine_versions=_engine_versions(),
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _gpu_devices() -> int:
    """Count the GPUs whose driver does not answer NVML, as on small boards."""
    present = len(list(Path("/dev").glob("nvidia[0-9]*")))
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return present
    return min(
        present, len([device for device in chosen.split(",") if device.strip() not in ("", "-1")])
    )


def _available_memory() -> int:
    found = re.search(r"MemAvailable:\s+(\d+) kB", _read("/proc/meminfo"))
    return int(found[1]) * 1024 if found else 0


def _engine_versions() -> dict[str, str]:
    found = {backend: installed_version(backend) for backend in DISTRIBUTIONS}
    return {backend: version for backend, version in found.items() if version is not None}
