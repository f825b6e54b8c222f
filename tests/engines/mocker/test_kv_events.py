"""The mock engine's KV events say at any time exactly what its cache holds."""

import asyncio
from typing import Any

import msgspec
import pytest
import zmq
import zmq.asyncio
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import GenerateRequest
from dynamo.engines.mocker.arguments import MockArguments
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.mocker.kv_events import UNSIGNED
from dynamo.engines.mocker.scheduler import Scheduler
from tests.engines.zmq_events import replay

SIZE = 4


def holding(events: list[dict[str, Any]], held: set[int]) -> set[int]:
    """Apply events to the set of blocks that a reader believes in."""
    for event in events:
        match event["type"]:
            case "BlockStored":
                parent = event["parent_block_hash"]
                assert parent is None or parent in held
                assert len(event["token_ids"]) == SIZE
                held |= set(event["block_hashes"])
            case "BlockRemoved":
                assert held >= set(event["block_hashes"])
                held -= set(event["block_hashes"])
            case "AllBlocksCleared":
                held.clear()
    return held


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=20), max_size=15))
def test_readers_believe_what_is_in_the_cache(prompts: list[list[int]]) -> None:
    scheduler = Scheduler(
        MockArguments(block_size=SIZE, num_gpu_blocks=6, max_model_len=24, publish_kv_events=True)
    )
    assert scheduler.events is not None
    held: set[int] = set()
    for number, prompt in enumerate(prompts):
        sequence = scheduler.add(GenerateRequest(str(number), prompt, 1), 0, 0)
        while not sequence.computed_tokens:
            scheduler.complete(scheduler.schedule())
        scheduler.remove(sequence)
        holding(scheduler.events.take(), held)
        assert held == {value & UNSIGNED for value in scheduler.pool.cached_hashes}
    scheduler.pool.reset()
    assert holding(scheduler.events.take(), held) == set()


@pytest.fixture
def plan() -> EnginePlan:
    arguments = {"block_size": SIZE, "publish_kv_events": True, "decode_step_seconds": 0}
    return EnginePlan("mocker", "1", "cpu", arguments, {})


async def test_batches_arrive_and_are_repeated_on_demand(plan: EnginePlan) -> None:
    engine = MockEngine(plan)
    await engine.start()
    (source,) = engine.kv_event_sources()
    with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as events:
        events.subscribe(b"")
        events.connect(source.endpoint)
        # Who subscribes late misses batches, and asks for them.
        await generate(engine, range(100))
        repeated = await replay(source)
        assert [number for number, _ in repeated] == list(range(len(repeated)))
        batch = msgspec.msgpack.decode(repeated[0][1])
        assert [event["type"] for event in batch[1]] == ["BlockStored"] * (100 // SIZE)
        assert batch[2] == 0
        assert await replay(source, 1) == repeated[1:]
        await generate(engine, range(100, 200))
        _topic, number, _batch = await asyncio.wait_for(events.recv_multipart(), 10)
        assert int.from_bytes(number, "big") <= len(repeated)
    await engine.stop()
    assert engine.kv_event_sources() == []


async def generate(engine: MockEngine, prompt: range) -> None:
    async for _ in engine.generate(GenerateRequest(str(prompt), list(prompt), 1)):
        pass


async def test_an_engine_that_was_not_asked_has_no_source() -> None:
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", {}, {}))
    await engine.start()
    assert engine.kv_event_sources() == []
    await engine.stop()
