"""The sender's side of the http request plane: workers in turn, and what a failure costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from dynamo.llm.exceptions import EngineShutdown, InvalidArgument

from dynamo.worker.planes.http.errors import RemoteError
from dynamo.worker.planes.http.server import Handler
from dynamo.worker.preflight.ports import free_port
from tests.worker.planes.http.workers import answer, connected, echo, listening, served

NOBODY = f"http://127.0.0.1:{free_port('127.0.0.1')}/v1/rpc"


def saying(word: str) -> Handler:
    async def handler(_request: Any, _context: Any) -> AsyncIterator[Any]:
        yield {"word": word}

    return handler


def failing(error: Exception) -> Handler:
    async def handler(request: Any, _context: Any) -> AsyncIterator[Any]:
        if request == {}:
            raise error
        yield {}

    return handler


async def test_an_answer_arrives_message_by_message() -> None:
    async with served(echo) as client:
        assert await answer(client, {"token_ids": [4, 5]}) == [
            {"token_ids": [4]},
            {"token_ids": [5]},
        ]
        assert await answer(client, {"token_ids": []}) == []


async def test_workers_are_asked_in_turn() -> None:
    async with (
        listening(saying("a")) as a,
        listening(saying("b")) as b,
        connected(a.url, b.url) as client,
    ):
        words = [(await answer(client, {}))[0]["word"] for _ in range(4)]
    assert words == ["a", "b", "a", "b"]


@pytest.mark.parametrize("error", [EngineShutdown("dead"), None])
async def test_a_worker_that_cannot_is_replaced_before_the_first_message(
    error: Exception | None,
) -> None:
    async with listening(saying("b")) as b, listening(failing(error or ValueError())) as a:
        first = NOBODY if error is None else a.url
        async with connected(first, b.url) as client:
            assert await answer(client, {}) == [{"word": "b"}]
            assert client.instances.left_out == [0]  # type: ignore[attr-defined]


async def test_what_is_wrong_with_the_request_is_not_tried_again() -> None:
    async with (
        listening(failing(InvalidArgument("too long"))) as a,
        listening(saying("b")) as b,
        connected(a.url, b.url) as client,
    ):
        with pytest.raises(RemoteError, match="too long") as refused:
            await answer(client, {})
    assert refused.value.status == 400


async def test_without_a_worker_that_answers_the_last_reason_is_told() -> None:
    async with connected(NOBODY) as client:
        with pytest.raises(RemoteError) as refused:
            await answer(client, {})
    assert (refused.value.status, refused.value.kind) == (503, "CannotConnect")


async def test_a_failure_in_the_middle_is_raised_there() -> None:
    async def half(_request: Any, _context: Any) -> AsyncIterator[Any]:
        yield {"token_ids": [1]}
        raise EngineShutdown("dead")

    async with served(half) as client, aclosing(client.generate({})) as stream:
        assert await anext(stream) == {"token_ids": [1]}
        with pytest.raises(RemoteError, match="dead"):
            await anext(stream)


async def test_an_answer_that_the_network_cuts_off_is_an_error() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"8\r\ndata: 1\n\r\na\r\n\ndata: 2\n\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, connected(url) as client, aclosing(client.generate({})) as stream:
        assert [await anext(stream), await anext(stream)] == [1, 2]
        with pytest.raises(RemoteError, match="cut off") as broken:
            await anext(stream)
    assert broken.value.kind == "StreamIncomplete"


async def test_r115_closing_the_answer_ends_the_workers_part() -> None:
    ended = asyncio.Event()

    async def endless(_request: Any, _context: Any) -> AsyncIterator[Any]:
        try:
            while True:
                yield {"token_ids": [1]}
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async with served(endless) as client:
        async with aclosing(client.generate({})) as stream:
            await anext(stream)
        await asyncio.wait_for(ended.wait(), 5)
