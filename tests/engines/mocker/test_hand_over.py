"""KV cache that one mock engine computes and another one takes over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, GenerateRequest, InvalidRequestError
from dynamo.engines.mocker.arguments import MockArguments
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.mocker.hand_over import handed_over
from dynamo.engines.mocker.scheduler import Scheduler

PROMPT = list(range(100))
REQUEST = GenerateRequest("one", PROMPT, max_tokens=4, ignore_eos=True)


@asynccontextmanager
async def started(**arguments: Any) -> AsyncIterator[MockEngine]:
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", arguments, {}))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def chunks(engine: MockEngine, request: GenerateRequest) -> list[Chunk]:
    return [chunk async for chunk in engine.generate(request)]


async def test_r134_a_prefilled_request_is_answered_as_by_one_engine() -> None:
    async with started() as prefill, started() as decode:
        asked = replace(REQUEST, max_tokens=1, kv_transfer_params=prefill.prefill_params("one"))
        (last,) = await chunks(prefill, asked)
        assert last.kv_transfer_params is not None
        taken_over = replace(REQUEST, kv_transfer_params=last.kv_transfer_params)
        answer = await chunks(decode, taken_over)
        assert [chunk.token_ids for chunk in answer] == [
            chunk.token_ids for chunk in await chunks(prefill, REQUEST)
        ]
        assert (prefill.num_used_blocks, decode.num_used_blocks) == (0, 0)


def test_what_was_taken_over_is_not_computed_again() -> None:
    def first_step(params: Any) -> int:
        scheduler = Scheduler(MockArguments())
        scheduler.add(replace(REQUEST, kv_transfer_params=params), choice=0, seed=0)
        return scheduler.schedule().prefill_tokens

    prefilled = handed_over(replace(REQUEST, kv_transfer_params={"do_remote_decode": True}))
    assert first_step(None) == len(PROMPT)
    assert first_step(prefilled) == 1


async def test_the_kv_cache_of_another_prompt_is_refused() -> None:
    other = replace(REQUEST, token_ids=[1, 2], kv_transfer_params={"do_remote_decode": True})
    async with started() as decode:
        with pytest.raises(InvalidRequestError, match="another prompt"):
            await chunks(decode, replace(REQUEST, kv_transfer_params=handed_over(other)))
        assert decode.num_used_blocks == 0


async def test_an_engine_that_was_not_asked_hands_nothing_over() -> None:
    async with started() as engine:
        assert (await chunks(engine, REQUEST))[-1].kv_transfer_params is None
