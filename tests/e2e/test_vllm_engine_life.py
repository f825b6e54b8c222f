"""How a real vLLM engine starts and ends, and that it leaves nothing behind."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.engines.base import EngineDeadError
from tests.e2e.engines import (
    ENVIRONMENT,
    chunks,
    collect,
    engine_core,
    engine_processes,
    request,
    shared_memory,
    started_engine,
    tokens,
    vllm_engine,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # vLLM's imports warn
PROMPT = range(100, 164)


@pytest.fixture(autouse=True)
def nothing_is_left(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After each test: no process, no temporary file, and the environment as it was."""
    monkeypatch.setenv("TMPDIR", str(short_directory))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before, others = environment(), set(engine_processes())
    yield
    collect()
    assert set(engine_processes()) <= others
    assert list(short_directory.iterdir()) == []
    assert environment() == before


def environment() -> dict[str, str]:
    """Return the variables of this process, without the one that pytest changes all the time."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


async def test_it_starts_again_in_the_same_process(smollm2: Path) -> None:
    async with started_engine(smollm2) as (first, _):
        answer = await tokens(first, request("one", PROMPT))
    async with started_engine(smollm2) as (second, info):
        assert await tokens(second, request("one", PROMPT)) == answer
        assert info.startup_seconds["import"] < 1


async def test_an_engine_with_another_thread_count_does_not_inherit_that_of_the_first(
    smollm2: Path,
) -> None:
    async with started_engine(smollm2) as (first, _):
        answer = await tokens(first, request("two", PROMPT))
    double = {**ENVIRONMENT, "OMP_NUM_THREADS": "2"}
    async with started_engine(smollm2, environment=double) as (second, _):
        assert await tokens(second, request("two", PROMPT)) == answer
        (core,) = multiprocessing.active_children()
        assert isinstance(core, SpawnProcess)


async def test_worker_processes_and_their_shared_memory_go_too(smollm2: Path) -> None:
    async with started_engine(smollm2, distributed_executor_backend="mp") as (engine, _):
        assert set(engine_processes()) - {engine_core()}, "the executor has processes of its own"
        segments = shared_memory(engine_core())
        assert len(await tokens(engine, request("mp", PROMPT, 4, ignore_eos=True))) == 4
    assert segments
    assert not any(segment.exists() for segment in segments)


async def test_what_a_killed_engine_core_left_is_removed(smollm2: Path) -> None:
    async with started_engine(smollm2, distributed_executor_backend="mp") as (engine, _):
        answering = asyncio.ensure_future(
            chunks(engine, request("cut", PROMPT, 400, ignore_eos=True))
        )
        await asyncio.sleep(0.5)
        segments = shared_memory(engine_core())
        engine_core().kill()
        with pytest.raises(EngineDeadError):
            await asyncio.wait_for(answering, 10)
        with pytest.raises(EngineDeadError):
            await engine.check_health()
        with pytest.raises(EngineDeadError):
            await chunks(engine, request("late", PROMPT))
    assert segments
    assert not any(segment.exists() for segment in segments)


async def test_stopping_ends_streams_in_flight_as_cancelled(smollm2: Path) -> None:
    async with started_engine(smollm2) as (engine, _):
        asked = request("stopped", PROMPT, 400, ignore_eos=True)
        answering = asyncio.ensure_future(chunks(engine, asked))
        await asyncio.sleep(0.5)
        await engine.stop()
        assert (await answering)[-1].finish_reason == "cancelled"
        await engine.stop()
        with pytest.raises(EngineDeadError):
            await engine.check_health()


async def test_a_start_that_vllm_refuses_leaves_nothing(smollm2: Path) -> None:
    with pytest.raises(ValueError, match="max_model_len"):
        await vllm_engine(smollm2, max_model_len=10**9).start()


async def test_a_start_that_fails_in_the_engine_core_leaves_nothing(smollm2: Path) -> None:
    too_large = {**ENVIRONMENT, "VLLM_CPU_KVCACHE_SPACE": "100000"}
    with pytest.raises(RuntimeError):
        await vllm_engine(smollm2, environment=too_large).start()


async def test_a_cancelled_start_leaves_nothing(smollm2: Path) -> None:
    others = set(engine_processes())
    starting = asyncio.ensure_future(vllm_engine(smollm2).start())
    async with asyncio.timeout(60):
        while set(engine_processes()) <= others:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.02)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(starting, 30)


def test_the_engine_ends_when_its_parent_is_killed(smollm2: Path, short_directory: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.orphan", str(smollm2)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    try:
        assert "started\n" in iter(parent.stdout.readline, "")
        check_orphans(parent, short_directory)
    finally:
        parent.kill()


def check_orphans(parent: "subprocess.Popen[str]", directory: Path) -> None:
    """Kill the parent; its engine must end and take its shared memory and files with it."""
    segments = shared_memory(psutil.Process(parent.pid))
    descendants = psutil.Process(parent.pid).children(recursive=True)
    assert list(directory.iterdir())
    parent.kill()
    parent.wait()
    _gone, alive = psutil.wait_procs(descendants, timeout=20)
    assert not alive
    assert segments
    assert not any(segment.exists() for segment in segments)
