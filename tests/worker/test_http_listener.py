"""An HTTP listener that refuses in JSON with a type whatever it is sent."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from dynamo.worker.http_listener import TypedRunner

GOOD = b"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


async def answer(request: web.Request) -> web.Response:
    return web.json_response(json.loads(await request.read()))


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/a", answer)
    runner = TypedRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def told(sent: bytes) -> tuple[int, bytes, Any]:
    """Send bytes; return status, headers, and what the body says."""
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    return int(head.split(b" ")[1]), head, json.loads(body)


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        (GOOD.replace(b"/a", b"/b") + b"\r\n", 404, "NotFound"),
        (GOOD.replace(b"POST", b"DELETE") + b"\r\n", 405, "MethodNotAllowed"),
        (GOOD + b"Expect: magic\r\nContent-Length: 2\r\n\r\n{}", 417, "ExpectationFailed"),
        (GOOD + b"Expect: \xff\r\nContent-Length: 2\r\n\r\n{}", 417, "ExpectationFailed"),
        (GOOD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "BadRequest"),
        (GOOD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400, "BadRequest"),
        (GOOD + b"Content-Length: nonsense\r\n\r\n", 400, "BadRequest"),
        (GOOD + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 400, "BadRequest"),
        (b"\xff\xfe nonsense\r\n\r\n", 400, "BadRequest"),
        (GOOD + b"Content-Length: 1\r\n\r\n{", 500, "Unknown"),
    ],
)
async def test_a_refusal_has_status_type_and_message(sent: bytes, status: int, kind: str) -> None:
    found, _head, content = await told(sent)
    error = content["error"]
    assert (found, error["code"], error["type"]) == (status, status, kind)
    assert error["message"]
    assert "Expecting" not in error["message"]


async def test_a_method_that_is_not_allowed_is_told_with_those_that_are() -> None:
    _status, head, _content = await told(GOOD.replace(b"POST", b"GET") + b"\r\n")
    assert b"Allow: POST" in head


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        GOOD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        GOOD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_leaves_no_traceback(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await told(sent)
        await asyncio.sleep(0.01)
    assert caplog.records == []


async def test_a_client_that_leaves_is_no_failure_of_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening() as port:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GOOD + b"Content-Length: 100\r\n\r\n{")
        await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.02)
    assert caplog.records == []


async def test_a_good_request_is_answered_by_the_application() -> None:
    sent = GOOD + b"Content-Length: 7\r\n\r\n" + b'{"a":1}'
    assert (await told(sent))[::2] == (200, {"a": 1})
