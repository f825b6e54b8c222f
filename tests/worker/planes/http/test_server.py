"""The worker's side of the http request plane, asked with plain HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from dynamo.llm.exceptions import EngineShutdown, InvalidArgument

from dynamo.worker.planes.http import server
from dynamo.worker.planes.http.server import HttpPlane
from tests.worker.planes.http.workers import ENDPOINT, PLAN, echo, listening

ASKED = {"token_ids": [1, 2, 3]}


async def post(plane: HttpPlane, body: bytes, endpoint: str = ENDPOINT) -> tuple[int, str]:
    """Return status and text of one answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{plane.url}/{endpoint}", data=body) as response,
    ):
        return response.status, await response.text()


def failure(text: str) -> str:
    return str(json.loads(text)["error"]["type"])


async def test_r22_an_endpoint_is_at_its_name_below_the_root_path() -> None:
    async with listening(echo, replace(PLAN, root_path="/rpc")) as plane:
        assert plane.url.endswith("/rpc")
        status, text = await post(plane, json.dumps(ASKED).encode())
    assert status == 200
    assert text == "".join(f'data: {{"token_ids":[{token}]}}\n\n' for token in (1, 2, 3))


async def test_another_endpoint_is_not_served() -> None:
    async with listening(echo) as plane:
        status, text = await post(plane, b"{}", "dynamo.backend.other")
    assert (status, failure(text)) == (404, "NoSuchEndpoint")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nonsense"])
async def test_what_is_no_json_is_a_400(body: bytes) -> None:
    async with listening(echo) as plane:
        assert (await post(plane, body))[0] == 400


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"text"', b'{"other": 1}'])
async def test_json_of_another_shape_is_a_typed_failure(body: bytes) -> None:
    async with listening(echo) as plane:
        status, text = await post(plane, body)
    assert status == 500
    assert failure(text) == "Unknown"


async def test_a_request_larger_than_allowed_is_a_413() -> None:
    async with listening(echo, replace(PLAN, max_message_bytes=1000)) as plane:
        assert (await post(plane, b" " * 900 + b'{"token_ids":[]}'))[0] == 200
        status, text = await post(plane, b" " * 1000 + b'{"token_ids":[]}')
    assert (status, failure(text)) == (413, "TooLarge")
    assert "1000 bytes" in text


async def raising(error: Exception, after: int) -> AsyncIterator[Any]:
    for _ in range(after):
        yield {"token_ids": [1]}
    raise error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidArgument("too long"), 400),
        (EngineShutdown("dead"), 503),
        (TimeoutError(), 504),
        (RuntimeError("secret"), 500),
    ],
)
async def test_a_failure_before_the_first_message_is_a_status(
    error: Exception, status: int
) -> None:
    async with listening(lambda _request, _context: raising(error, 0)) as plane:
        found, text = await post(plane, b"{}")
    assert found == status
    assert "secret" not in text


async def test_a_failure_after_the_first_message_is_an_event() -> None:
    async with listening(lambda _request, _context: raising(EngineShutdown("dead"), 1)) as plane:
        status, text = await post(plane, b"{}")
    assert status == 200
    assert text.startswith('data: {"token_ids":[1]}\n\nevent: error\ndata: {"error":')
    assert "EngineShutdown" in text


@pytest.mark.parametrize("first", [[], [{"token_ids": [1]}]])
async def test_a_message_that_has_no_json_form_is_the_workers_failure(first: list[Any]) -> None:
    async def strange(_request: Any, _context: Any) -> AsyncIterator[Any]:
        for message in [*first, {"handle": object()}]:
            yield message

    async with listening(strange) as plane:
        status, text = await post(plane, b"{}")
    assert status == (200 if first else 500)
    assert text.endswith('failed on the worker"}}' + ("\n\n" if first else ""))
    assert "500" in text


async def test_a_request_that_does_not_arrive_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)
    async with listening(echo) as plane:
        host, port = plane.url.removeprefix("http://").split("/")[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v1/rpc/{ENDPOINT} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"{")
        assert b" 408 " in await reader.readline()
        assert plane.active == 0
        writer.close()
        await writer.wait_closed()


async def test_more_requests_than_allowed_are_a_503_at_once() -> None:
    release = asyncio.Event()

    async def slow(_request: Any, _context: Any) -> AsyncIterator[Any]:
        await release.wait()
        yield {}

    async with listening(slow, replace(PLAN, max_requests=2)) as plane:
        first = [asyncio.create_task(post(plane, b"{}")) for _ in range(2)]
        while plane.active < 2:  # noqa: ASYNC110 - the plane tells nobody
            await asyncio.sleep(0.001)
        status, text = await post(plane, b"{}")
        assert (status, failure(text)) == (503, "WorkerBusy")
        release.set()
        assert [found for found, _ in await asyncio.gather(*first)] == [200, 200]
        assert (await post(plane, b"{}"))[0] == 200


async def test_r115_a_client_that_leaves_ends_the_handler() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(_request: Any, _context: Any) -> AsyncIterator[Any]:
        try:
            begun.set()
            await asyncio.Event().wait()
            yield {}
        finally:
            ended.set()

    async with listening(endless) as plane:
        asking = asyncio.create_task(post(plane, b"{}"))
        await begun.wait()
        asking.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        assert plane.active == 0


async def test_id_and_trace_of_a_request_reach_the_handler() -> None:
    seen: list[Any] = []
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def note(_request: Any, context: Any) -> AsyncIterator[Any]:
        seen.extend([context.id(), context.trace_headers(), context.trace_id])
        yield {}

    headers = {"X-Request-Id": "r1", "traceparent": trace}
    async with (
        listening(note) as plane,
        aiohttp.ClientSession() as session,
        session.post(f"{plane.url}/{ENDPOINT}", data=b"{}", headers=headers) as response,
    ):
        await response.read()
    assert seen == [
        "r1",
        {"traceparent": trace, "x-request-id": "r1"},
        "0af7651916cd43dd8448eb211c80319c",
    ]


@pytest.mark.parametrize("request_id", ["x" * 600, "a\tb", "é"])
async def test_an_id_that_cannot_be_passed_on_is_replaced(request_id: str) -> None:
    async def tell(_request: Any, context: Any) -> AsyncIterator[Any]:
        yield {"id": context.id(), "trace": context.trace_headers()}

    headers = {"X-Request-Id": request_id, "traceparent": request_id}
    async with (
        listening(tell) as plane,
        aiohttp.ClientSession() as session,
        session.post(f"{plane.url}/{ENDPOINT}", data=b"{}", headers=headers) as response,
    ):
        told = json.loads((await response.text()).removeprefix("data: "))
    assert len(told["id"]) == 32
    assert told["trace"] is None


async def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    async with listening(echo) as plane:
        port = int(plane.url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="address already in use"):
            await HttpPlane(replace(PLAN, port=port)).start()
