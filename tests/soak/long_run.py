"""A frontend and a worker under a steady load, and what they hold meanwhile."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.e2e.engines import engine_cores
from tests.e2e.fleet import Fleet, Process
from tests.e2e.tiny_llama import vllm_settings, write_tiny_llama
from tests.soak.memory import Growth, watched_memory
from tests.soak.steady_load import steady_load
from tests.worker.tiny_model import write_tiny_model

FEW_BLOCKS = 512
"""KV cache that is full, and so takes no more memory, after some hundred requests."""


@dataclass(frozen=True)
class LongRun:
    """How a long run went."""

    engine: str
    seconds: float
    seen: Counter[str]
    growth: list[Growth]


def long_run(fleet: Fleet, engine: str, seconds: float, requests: int) -> LongRun:
    """Start both processes, send the requests evenly over the time, and watch the memory."""
    worker = _worker(fleet, engine)
    frontend = fleet.frontend()
    fleet.wait_until_listed()
    processes = _family(worker, frontend)
    with (
        watched_memory(processes, seconds) as memory,
        steady_load(fleet.url, requests / seconds, requests) as load,
    ):
        pass
    return LongRun(engine, seconds, load.seen, memory.growth())


def _worker(fleet: Fleet, engine: str) -> Process:
    if engine == "mock":
        # Its last 10,000 batches of KV events would be kept.
        return fleet.worker(
            decode_step_seconds=0.01, num_gpu_blocks=FEW_BLOCKS, publish_kv_events="false"
        )
    cache = f"backend.engine.num_gpu_blocks_override={FEW_BLOCKS}"
    worker = fleet.start(*vllm_settings(fleet.model), "frontend=none", cache)
    worker.wait_for("ready: ", 240)
    return worker


def _family(worker: Process, frontend: Process) -> Mapping[str, psutil.Process]:
    """Return the processes by what they are; an engine core is a child of its worker."""
    family = {"frontend": psutil.Process(frontend.pid), "worker": psutil.Process(worker.pid)}
    for core in engine_cores(family["worker"].children(recursive=True)):
        family["engine core"] = core
    return family


def model_of(engine: str, directory: Path) -> Path:
    """Make the model that an engine serves: vLLM wants weights too."""
    return write_tiny_model(directory) if engine == "mock" else write_tiny_llama(directory)
