"""How a real SGLang engine starts and ends, and that it leaves nothing behind."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest
import zmq
import zmq.asyncio

from dynamo.engines.base import EngineDeadError
from dynamo.engines.footprint import SHARED_MEMORY
from dynamo.worker.preflight.ports import free_port
from tests.e2e.backends import SGLANG
from tests.e2e.engines import chunks, request, sglang_engine, shared_memory, started_sglang, tokens
from tests.e2e.remote_engine import RemoteEngine

PROMPT = range(100, 164)
DETECTION_SECONDS = 2
SEGMENTS = "sglang_*"


@pytest.fixture(autouse=True)
def nothing_is_left(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After each test: no temporary file, and no memory that SGLang's processes shared."""
    monkeypatch.setenv("TMPDIR", str(short_directory))
    monkeypatch.setattr(tempfile, "tempdir", None)
    others = set(SHARED_MEMORY.glob(SEGMENTS))
    yield
    assert list(short_directory.iterdir()) == []
    assert set(SHARED_MEMORY.glob(SEGMENTS)) <= others


def descendants(engine: RemoteEngine) -> list[psutil.Process]:
    return list(psutil.Process(engine.process.pid).children(recursive=True))


def scheduler(engine: RemoteEngine) -> psutil.Process:
    (found,) = [each for each in descendants(engine) if SGLANG.process in each.name()]
    return found


async def test_it_starts_again_in_the_same_process_and_leaves_nothing(smollm2: Path) -> None:
    async with started_sglang(smollm2) as (engine, _):
        answer = await tokens(engine, request("one", PROMPT))
        processes, segments = descendants(engine), shared_memory(scheduler(engine))
        cut = asyncio.ensure_future(chunks(engine, request("cut", PROMPT, 400, ignore_eos=True)))
        await asyncio.sleep(0.5)
        await engine.stop()
        assert (await cut)[-1].finish_reason == "cancelled"
        await engine.stop()
        with pytest.raises(EngineDeadError):
            await engine.check_health()
        _gone, alive = psutil.wait_procs(processes, timeout=1)
        assert [each for each in alive if "resource_tracker" not in " ".join(each.cmdline())] == []
        assert segments
        assert not any(segment.exists() for segment in segments)
        info = await engine.start()
        assert info.startup_seconds["import"] < 1
        assert await tokens(engine, request("one", PROMPT)) == answer


async def test_r80_stored_blocks_are_published_where_the_engine_says(smollm2: Path) -> None:
    config = {"publisher": "zmq", "endpoint": f"tcp://*:{free_port('127.0.0.1')}", "topic": "kv"}
    async with started_sglang(smollm2, kv_events_config=json.dumps(config)) as (engine, info):
        (source,) = await engine.kv_event_sources()
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as subscriber:
            subscriber.connect(source.endpoint)
            subscriber.subscribe(source.topic)
            stored: list[dict[str, Any]] = []
            async with asyncio.timeout(30):
                while not stored:  # a subscription takes effect some time after it was made
                    await tokens(engine, request("stored", PROMPT, 1))
                    await engine.reset_prefix_cache()
                    if await subscriber.poll(500):
                        topic, _sequence, payload = await subscriber.recv_multipart()
                        events = msgspec.msgpack.decode(payload)[1]
                        stored = [event for event in events if event["type"] == "BlockStored"]
    assert topic == b"kv"
    assert stored[0]["block_size"] == info.kv_block_size
    assert stored[0]["token_ids"][:32] == list(PROMPT)[:32]


async def test_a_killed_scheduler_is_noticed_and_its_traces_are_removed(smollm2: Path) -> None:
    async with started_sglang(smollm2) as (engine, _):
        answering = asyncio.ensure_future(
            chunks(engine, request("cut", PROMPT, 400, ignore_eos=True))
        )
        await asyncio.sleep(0.5)
        segments = shared_memory(scheduler(engine))
        scheduler(engine).kill()
        with pytest.raises(EngineDeadError):
            await asyncio.wait_for(answering, DETECTION_SECONDS)
        with pytest.raises(EngineDeadError):
            await engine.check_health()
        with pytest.raises(EngineDeadError):
            await chunks(engine, request("late", PROMPT))
    assert segments
    assert not any(segment.exists() for segment in segments)


async def test_a_start_that_sglang_refuses_leaves_nothing(smollm2: Path) -> None:
    engine = sglang_engine(smollm2, context_length=10**9)
    with pytest.raises(RuntimeError, match="context_length"):
        await engine.start()
    assert engine.close() == 0


async def test_a_start_that_fails_in_the_scheduler_leaves_nothing(smollm2: Path) -> None:
    engine = sglang_engine(smollm2, load_format="gguf")
    with pytest.raises(RuntimeError, match="scheduler"):
        await engine.start()
    assert engine.close() == 0


async def test_the_engine_ends_when_its_parent_is_killed(smollm2: Path) -> None:
    engine = sglang_engine(smollm2)
    await engine.start()
    processes, segments = descendants(engine), shared_memory(scheduler(engine))
    engine.process.kill()
    assert engine.close() == -9
    _gone, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive
    assert segments
    assert not any(segment.exists() for segment in segments)
