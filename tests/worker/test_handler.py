"""The generate endpoint on its own: cancellation, and how failures reach the client."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from dynamo.llm.exceptions import EngineShutdown, InvalidArgument

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, EngineInfo, GenerateRequest, TopLogprob
from dynamo.engines.mocker.engine import MockEngine
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.sampling import Served
from dynamo.worker.token_mode import TokenMode, chunk_message


class Request:
    """The context of one request, which its client may leave."""

    def __init__(self, name: str = "one") -> None:
        self._name = name
        self.trace: dict[str, str] | None = None
        self.left = False

    def id(self) -> str:
        return self._name

    def is_stopped(self) -> bool:
        return self.left

    def trace_headers(self) -> dict[str, str] | None:
        return self.trace


@asynccontextmanager
async def handler(**arguments: Any) -> AsyncIterator[GenerateHandler]:
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", arguments, {}))
    info: EngineInfo = await engine.start()
    try:
        yield GenerateHandler(engine, TokenMode(Served(info)))
    finally:
        await engine.stop()


def body(**conditions: Any) -> dict[str, Any]:
    return {"token_ids": [1, 2, 3], "stop_conditions": {"max_tokens": 4, **conditions}}


async def messages(
    served: GenerateHandler, asked: dict[str, Any], context: Request | None = None
) -> list[dict[str, Any]]:
    return [message async for message in served.generate(asked, context or Request())]


def used_blocks(served: GenerateHandler) -> int:
    assert isinstance(served.engine, MockEngine)
    return served.engine.num_used_blocks


async def test_r132_the_last_message_carries_reason_and_usage() -> None:
    async with handler() as served:
        *first, last = await messages(served, body(ignore_eos=True))
    assert not any("finish_reason" in message for message in first)
    assert last["finish_reason"] == "length"
    assert last["completion_usage"]["prompt_tokens"] == 3
    assert last["completion_usage"]["completion_tokens"] == 4
    assert sum(len(message["token_ids"]) for message in [*first, last]) == 4


async def test_what_the_worker_itself_cuts_off_fails_so_that_another_finishes_it() -> None:
    """An engine that is stopped ends its streams as cancelled: that is no answer."""
    async with handler(decode_step_seconds=0.001) as served:
        answer = served.generate(body(max_tokens=1000, ignore_eos=True), Request())
        async with aclosing(answer):  # type: ignore[type-var]
            await anext(answer)
            served.cut_off = True
            await served.engine.abort("one")
            with pytest.raises(EngineShutdown, match="the worker ends"):
                async for _message in answer:
                    pass


class Tracing(MockEngine):
    """A mock engine that keeps the trace of each request."""

    traces: list[Any]

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        self.traces.append(request.trace_headers)
        return super().generate(request)


async def test_the_trace_of_a_request_reaches_the_engine() -> None:
    engine = Tracing(EnginePlan("mocker", "1", "cpu", {}, {}))
    engine.traces = []
    served = GenerateHandler(engine, TokenMode(Served(await engine.start())))
    traced = Request()
    traced.trace = {"traceparent": "00-1-2-01"}
    await messages(served, body(), traced)
    await messages(served, body(), Request("two"))
    await engine.stop()
    assert engine.traces == [{"traceparent": "00-1-2-01"}, None]


async def test_a_repeated_prompt_reports_its_cached_tokens() -> None:
    async with handler(block_size=16) as served:
        asked = {**body(), "token_ids": list(range(40))}
        await messages(served, asked)
        last = (await messages(served, asked))[-1]
    assert last["completion_usage"]["prompt_tokens_details"] == {"cached_tokens": 32}


async def test_r115_a_client_that_leaves_during_a_long_step_frees_its_blocks_at_once() -> None:
    async with handler(decode_step_seconds=30) as served:
        context = Request()
        answering = asyncio.ensure_future(messages(served, body(), context))
        while not used_blocks(served):  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.001)
        context.left = True
        assert (await asyncio.wait_for(answering, 1))[-1]["finish_reason"] == "cancelled"
        assert used_blocks(served) == 0
        assert served.idle.is_set()


async def test_r115_closing_the_stream_aborts_the_request() -> None:
    async with handler(decode_step_seconds=0.001) as served:
        stream: Any = served.generate(body(max_tokens=2000), Request())
        async with aclosing(stream):
            await anext(stream)
            assert used_blocks(served) > 0
        assert used_blocks(served) == 0
        assert served.in_flight == 0


class Waiting(MockEngine):
    """A mock engine that waits for something of its event loop when a stream is closed."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        try:
            async for chunk in super().generate(request):
                yield chunk
        finally:
            asyncio.get_running_loop()
            await asyncio.sleep(0.001)
            await self.abort(request.request_id)


async def test_r115_a_stream_that_is_dropped_in_another_thread_aborts_the_request() -> None:
    """As the runtime drops it when the client has left."""
    engine = Waiting(EnginePlan("mocker", "1", "cpu", {"decode_step_seconds": 0.001}, {}))
    served = GenerateHandler(engine, TokenMode(Served(await engine.start())))
    held: list[Any] = [served.generate(body(max_tokens=2000), Request())]
    await (await asyncio.to_thread(held[0].__anext__))
    assert used_blocks(served) > 0
    await asyncio.to_thread(held.clear)
    await asyncio.wait_for(served.idle.wait(), 5)
    while used_blocks(served):  # noqa: ASYNC110 - the engine tells nobody
        await asyncio.sleep(0.001)
    assert served.in_flight == 0
    await engine.stop()


async def test_the_words_of_a_refusal_reach_the_client() -> None:
    async with handler(max_model_len=64) as served:
        with pytest.raises(InvalidArgument, match="has 64 tokens; the model's context holds 64"):
            await messages(served, {**body(), "token_ids": [1] * 64})
        assert served.idle.is_set()


@pytest.mark.parametrize("asked", [None, [], "text", 5, [{"token_ids": [1]}]])
async def test_a_request_that_is_no_object_is_refused(asked: Any) -> None:
    async with handler() as served:
        with pytest.raises(InvalidArgument, match="must be an object"):
            await messages(served, asked)
        assert served.idle.is_set()


async def test_r116_a_dead_engine_is_named_as_such() -> None:
    async with handler(fail="crash") as served:
        with pytest.raises(EngineShutdown, match="crashed"):
            await messages(served, body())
        assert served.idle.is_set()


async def test_r107_clearing_the_kv_cache_reports_success_and_refusal() -> None:
    async with handler(decode_step_seconds=0.01) as served:
        assert (await anext(served.clear_kv_blocks({}, Request())))["status"] == "success"
        stream: Any = served.generate(body(max_tokens=2000), Request())
        async with aclosing(stream):
            await anext(stream)
            refused = await anext(served.clear_kv_blocks({}, Request()))
        assert refused["status"] == "error"
        assert "in flight" in refused["message"]


def test_a_plain_chunk_is_a_plain_message() -> None:
    assert chunk_message(Chunk([7])) == {"token_ids": [7]}


def test_log_probabilities_are_written_beside_their_tokens() -> None:
    chunk = Chunk([7], 2, log_probs=[-0.5], top_logprobs=[[TopLogprob(7, -0.5, 1)]])
    assert chunk_message(chunk) == {
        "token_ids": [7],
        "index": 2,
        "log_probs": [-0.5],
        "top_logprobs": [[{"rank": 1, "token_id": 7, "token": None, "logprob": -0.5}]],
    }
