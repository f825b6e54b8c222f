"""Prefill and decode as parts of two workers: what goes in and what comes out of each."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from dynamo.llm.exceptions import InvalidArgument

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, Engine, EngineInfo, GenerateRequest
from dynamo.engines.mocker.engine import MockEngine
from dynamo.worker.cancellation import LOOK_SECONDS
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.sampling import Served
from dynamo.worker.token_mode import TokenMode
from tests.worker.test_handler import Request

PROMPT = list(range(3, 40))
INFO = EngineInfo("1", 1024, 16, 100, 8, 512, 32_000)


class Recorder:
    """An engine that keeps what it was asked and answers one chunk when it is told to."""

    def __init__(self, last: Chunk | None = None) -> None:
        self.asked: list[GenerateRequest] = []
        self.aborted: list[str] = []
        self.last = last or Chunk([7], finish_reason="length", prompt_tokens=len(PROMPT))
        self.answer = asyncio.Event()
        self.answer.set()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        self.asked.append(request)
        await self.answer.wait()
        yield self.last

    async def abort(self, request_id: str) -> None:
        self.aborted.append(request_id)


def body(**more: Any) -> dict[str, Any]:
    return {"token_ids": PROMPT, "stop_conditions": {"max_tokens": 4, "ignore_eos": True}, **more}


async def serve(engine: Any, worker_type: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    handler = GenerateHandler(cast(Engine, engine), TokenMode(Served(INFO)), worker_type)
    return [message async for message in handler.generate(asked, Request())]


async def test_r134_a_prefill_worker_generates_one_token_whatever_was_asked() -> None:
    engine = Recorder()
    options = {"n": 3, "temperature": 0.5, "guided_decoding": {"regex": "a"}}
    stops = {"max_tokens": 40, "min_tokens": 9, "stop_token_ids": [7], "stop_token_ids_hidden": [2]}
    asked = body(
        sampling_options=options, stop_conditions=stops,
        output_options={"logprobs": 3, "prompt_logprobs": 1},
    )  # fmt: skip
    await serve(engine, "prefill", asked)
    (request,) = engine.asked
    assert (request.max_tokens, request.min_tokens) == (1, 1)
    assert (request.ignore_eos, request.stop_token_ids) == (True, ())
    assert request.sampling == {"n": 1, "temperature": 0.5}
    assert (request.guided_decoding, request.logprobs, request.prompt_logprobs) == (None,) * 3


@pytest.mark.parametrize("reason", ["stop", "eos", "length"])
async def test_a_finished_prefill_does_not_end_the_request(reason: str) -> None:
    (last,) = await serve(Recorder(Chunk([7], finish_reason=reason)), "prefill", body())
    assert last["finish_reason"] == "length"


@pytest.mark.parametrize("reason", ["cancelled", "error: the engine failed"])
async def test_a_failed_prefill_ends_the_request(reason: str) -> None:
    (last,) = await serve(Recorder(Chunk([7], finish_reason=reason)), "prefill", body())
    assert last["finish_reason"] == reason


async def test_a_prefill_worker_answers_even_where_blocks_are_found_by_content() -> None:
    (last,) = await serve(Recorder(), "prefill", body())
    assert last["disaggregated_params"] == {"kv_transfer_params": {}}


async def test_an_engine_that_takes_nothing_over_is_given_nothing() -> None:
    engine = Recorder()
    result: dict[str, Any] = {"disaggregated_params": {"kv_transfer_params": {}}}
    await serve(engine, "decode", body(prefill_result=result))
    assert engine.asked[0].kv_transfer_params is None


async def test_r134_prefill_and_decode_answer_as_one_worker() -> None:
    engines = [MockEngine(EnginePlan("mocker", "1", "cpu", {}, {})) for _ in range(3)]
    for engine in engines:
        await engine.start()
    prefill, decode, whole = engines
    await serve(prefill, "prefill", body())  # so that the second prefill finds cached blocks
    last = (await serve(prefill, "prefill", body()))[-1]
    details = last["completion_usage"]["prompt_tokens_details"]
    result = {"disaggregated_params": last["disaggregated_params"],
              "prompt_tokens_details": details}  # fmt: skip
    answer = await serve(decode, "decode", body(prefill_result=result))
    expected = await serve(whole, "aggregated", body())
    assert [message["token_ids"] for message in answer] == [m["token_ids"] for m in expected]
    assert details == {"cached_tokens": 32}
    assert answer[-1]["completion_usage"]["prompt_tokens_details"] == details
    for engine in engines:
        await engine.stop()


async def test_without_a_prefill_result_a_decode_worker_computes_everything() -> None:
    engine = Recorder()
    await serve(engine, "decode", body())
    (request,) = engine.asked
    assert (request.max_tokens, request.kv_transfer_params) == (4, None)


@pytest.mark.parametrize("worker_type", ["prefill", "decode"])
async def test_r195_a_canary_bypasses_the_hand_over(worker_type: str) -> None:
    engine = Recorder()
    canary = {**body(), "_HEALTH_CHECK": True, "prefill_result": "not looked at"}
    (last,) = await serve(engine, worker_type, canary)
    assert engine.asked[0].max_tokens == 4
    assert "disaggregated_params" not in last


@pytest.mark.parametrize(
    "result",
    ["text", {"prompt_tokens_details": None}, {"disaggregated_params": 3},
     {"disaggregated_params": {"kv_transfer_params": "text"}}],
)  # fmt: skip
async def test_a_strange_prefill_result_is_the_clients_mistake(result: Any) -> None:
    with pytest.raises(InvalidArgument, match="prefill_result"):
        await serve(Recorder(), "decode", body(prefill_result=result))


@pytest.mark.parametrize("fetches", [True, False])
async def test_r115_a_fetch_is_not_interrupted(fetches: bool) -> None:
    engine, context = Recorder(), Request()
    engine.answer.clear()
    params = {"do_remote_prefill": True} if fetches else {}
    result: dict[str, Any] = {"disaggregated_params": {"kv_transfer_params": params}}
    handler = GenerateHandler(cast(Engine, engine), TokenMode(Served(INFO)), "decode")
    stream = handler.generate(body(prefill_result=result), context)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    context.left = True
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert engine.aborted == ([] if fetches else ["one"])
    engine.answer.set()
    await first
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert engine.aborted == ["one"]
