"""The mock engine as the worker and the tuner see it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import (
    Chunk,
    Engine,
    EngineDeadError,
    GenerateRequest,
    InvalidRequestError,
)
from dynamo.engines.mocker.engine import MockEngine

FAST = {"decode_step_seconds": 0.0001, "decode_seconds_per_sequence": 0.0}


def mock_engine(**arguments: Any) -> MockEngine:
    return MockEngine(EnginePlan("mocker", "1", "cpu", {**FAST, **arguments}, {}))


@asynccontextmanager
async def running_engine(**arguments: Any) -> AsyncIterator[MockEngine]:
    engine = mock_engine(**arguments)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


def request(name: str = "a", prompt: Sequence[int] = (1, 2, 3), **fields: Any) -> GenerateRequest:
    return GenerateRequest(name, prompt, **{"max_tokens": 4, **fields})


async def answer(engine: Engine, asked: GenerateRequest) -> list[Chunk]:
    return [chunk async for chunk in engine.generate(asked)]


async def tokens(engine: Engine, asked: GenerateRequest) -> list[int]:
    return [token for chunk in await answer(engine, asked) for token in chunk.token_ids]


async def test_start_reports_the_limits_that_were_asked_for() -> None:
    engine = mock_engine(max_num_seqs=3, block_size=32, num_gpu_blocks=50, max_model_len=99)
    info = await engine.start()
    assert (info.max_num_seqs, info.kv_block_size) == (3, 32)
    assert (info.total_kv_blocks, info.context_length) == (50, 99)
    await engine.stop()


async def test_the_answer_depends_on_prompt_and_seed_only() -> None:
    async with running_engine() as one, running_engine(max_num_seqs=1) as other:
        first = await tokens(one, request("a"))
        assert await tokens(one, request("b")) == first
        assert await tokens(other, request("c")) == first
        assert await tokens(one, request("d", prompt=(1, 2, 4))) != first
        assert await tokens(one, request("e", sampling={"seed": 7})) != first


async def test_the_last_chunk_carries_finish_reason_and_counts() -> None:
    async with running_engine() as engine:
        *others, last = await answer(engine, request(max_tokens=5))
    assert [chunk.finish_reason for chunk in others] == [None] * 4
    assert (last.finish_reason, last.prompt_tokens, last.completion_tokens) == ("length", 3, 5)
    assert last.cached_tokens == 0


async def test_a_stop_token_ends_the_answer_unless_min_tokens_forbids_it() -> None:
    async with running_engine() as engine:
        unstopped = await tokens(engine, request("a"))
        stopped = await answer(engine, request("b", stop_token_ids=[unstopped[1]]))
        held = await tokens(engine, request("c", stop_token_ids=[unstopped[1]], min_tokens=3))
    assert (stopped[-1].finish_reason, stopped[-1].stop_reason) == ("stop", unstopped[1])
    assert stopped[-1].completion_tokens == 2
    assert held == unstopped


async def test_n_choices_differ_and_each_ends_with_a_finish_reason() -> None:
    async with running_engine() as engine:
        chunks = await answer(engine, request(sampling={"n": 3}))
    by_choice = [tuple(c.token_ids[0] for c in chunks if c.index == i) for i in range(3)]
    assert len(set(by_choice)) == 3
    assert sorted(c.index for c in chunks if c.finish_reason == "length") == [0, 1, 2]


async def test_logprobs_list_the_chosen_token_first_and_are_probabilities() -> None:
    async with running_engine() as engine:
        chunk = (await answer(engine, request(logprobs=3)))[0]
    assert chunk.log_probs is not None
    assert chunk.top_logprobs is not None
    top = chunk.top_logprobs[0]
    assert [candidate.rank for candidate in top] == [1, 2, 3]
    assert top[0].token_id == chunk.token_ids[0]
    assert top[0].logprob == chunk.log_probs[0] > top[1].logprob > top[2].logprob


async def test_the_prefix_cache_serves_equal_prompts_until_it_is_reset() -> None:
    prompt = range(40)
    async with running_engine(block_size=16) as engine:
        cached = [(await answer(engine, request(n, prompt)))[-1].cached_tokens for n in "ab"]
        assert await engine.reset_prefix_cache()
        cached.append((await answer(engine, request("c", prompt)))[-1].cached_tokens)
    assert cached == [0, 32, 0]


async def test_abort_ends_the_stream_as_cancelled_and_frees_the_blocks_at_once() -> None:
    async with running_engine(decode_step_seconds=0.01) as engine:
        stream = engine.generate(request(max_tokens=1000))
        await anext(stream)
        assert engine.num_used_blocks > 0
        assert not await engine.reset_prefix_cache()
        await engine.abort("a")
        assert engine.num_used_blocks == 0
        assert [chunk async for chunk in stream][-1].finish_reason == "cancelled"
        await engine.abort("a")


async def test_closing_the_stream_frees_the_blocks() -> None:
    async with running_engine(decode_step_seconds=0.01) as engine:
        async with aclosing(engine.generate(request(max_tokens=1000))) as stream:
            await anext(stream)
        assert engine.num_used_blocks == 0
        assert len(await tokens(engine, request(max_tokens=2))) == 2


async def test_time_follows_prefill_speed_and_batch_size() -> None:
    loop = asyncio.get_running_loop()
    async with running_engine(
        prefill_tokens_per_second=1000,
        decode_step_seconds=0.01,
        decode_seconds_per_sequence=0.005,
    ) as engine:
        begin = loop.time()
        await asyncio.gather(
            *(answer(engine, request(n, range(25 * i, 25 * i + 25))) for i, n in enumerate("abcd"))
        )
        seconds = loop.time() - begin
    # One step of 100 prompt tokens, then three decode steps of four sequences.
    assert (0.01 + 0.1) + 3 * (0.01 + 4 * 0.005) <= seconds < 2


async def test_the_context_length_ends_an_answer() -> None:
    async with running_engine(max_model_len=8) as engine:
        last = (await answer(engine, request(max_tokens=100)))[-1]
    assert (last.completion_tokens, last.finish_reason) == (5, "length")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"prompt": ()}, "empty"),
        ({"prompt": range(64)}, "context length of 64"),
        ({"prompt": (1, 10**6)}, "vocabulary"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"logprobs": 21}, "logprobs may be at most 20"),
    ],
)
async def test_a_wrong_request_is_refused(fields: dict[str, Any], reason: str) -> None:
    async with running_engine(max_model_len=64) as engine:
        with pytest.raises(InvalidRequestError, match=reason):
            await answer(engine, request(**fields))
        assert len(await tokens(engine, request())) == 4


async def test_a_request_id_in_use_is_refused() -> None:
    async with running_engine() as engine:
        stream = engine.generate(request(max_tokens=1000))
        await anext(stream)
        with pytest.raises(InvalidRequestError, match="in use"):
            await answer(engine, request())
        await stream.aclose()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"fail": "start"}, RuntimeError),
        ({"fail": "out_of_memory", "out_of_memory_above": 8, "max_num_seqs": 9}, MemoryError),
        ({"fail": "typo"}, ValueError),
        ({"max_num_seqs": 0}, ValueError),
        ({"decode_step_seconds": -1}, ValueError),
        ({"num_gpu_blocks": 1}, ValueError),
        ({"max_num_sequences": 1}, TypeError),
    ],
)
async def test_a_start_that_cannot_succeed_raises(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    engine = mock_engine(**arguments)
    with pytest.raises(error):
        await engine.start()
    with pytest.raises(EngineDeadError):
        await engine.check_health()


async def test_memory_suffices_up_to_the_given_number_of_sequences() -> None:
    async with running_engine(
        fail="out_of_memory", out_of_memory_above=8, max_num_seqs=8
    ) as engine:
        await engine.check_health()


async def test_a_crash_ends_every_stream_and_everything_after_it() -> None:
    async with running_engine(fail="crash", crash_after_requests=2) as engine:
        assert len(await tokens(engine, request("a"))) == 4
        stream = engine.generate(request("b", max_tokens=1000))
        await anext(stream)
        with pytest.raises(EngineDeadError, match="crashed after 2 requests"):
            await answer(engine, request("c"))
        with pytest.raises(EngineDeadError):
            _ = [chunk async for chunk in stream]
        with pytest.raises(EngineDeadError):
            await engine.check_health()


async def test_stop_ends_streams_and_can_be_repeated() -> None:
    engine = mock_engine()
    await engine.start()
    stream = engine.generate(request(max_tokens=1000))
    await anext(stream)
    await engine.stop()
    await engine.stop()
    with pytest.raises(EngineDeadError, match="stopped"):
        _ = [chunk async for chunk in stream]


async def test_an_engine_can_be_started_again_after_stop() -> None:
    engine = mock_engine()
    await engine.start()
    await engine.stop()
    await engine.start()
    assert len(await tokens(engine, request())) == 4
    await engine.stop()
