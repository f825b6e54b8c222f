"""Send bytes that may be no HTTP, and read the answer."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import h11

from scripts.fuzz.request import Request

PIECE = 64 * 1024
LEAVE_SECONDS = 0.002
WAITS = "waits for more"
"""Problem of a request that is no HTTP, and that the server takes for the beginning of one."""
BROKEN_SECONDS = 2.0
"""Longest wait for an answer to what is no HTTP."""


@dataclass(frozen=True)
class Answer:
    """What the sender got."""

    status: int
    """0: nothing that is HTTP, or not in time."""
    body: bytes = b""
    content_type: str = ""
    problem: str = ""
    """Why there is no whole answer."""


async def exchange(port: int, request: Request, seconds: float) -> Answer | None:
    """Return the answer from loopback, None when the sender left as it should.

    What cannot be read as HTTP may look to a server as if more were to come: then nobody waits.
    """
    framing = request.framing()
    stays = request.expects_answer and framing != "partial"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(BROKEN_SECONDS if framing == "broken" else seconds):
            wire = request.wire()
            writer.write(wire[: int(len(wire) * request.sent)])
            with suppress(ConnectionError):
                await writer.drain()
            if not stays:
                await asyncio.sleep(LEAVE_SECONDS)
                return None
            return await _answer(reader, request.method)
    except TimeoutError:
        if framing == "broken":
            return Answer(0, problem=WAITS)
        return Answer(0, problem=f"no answer within {seconds:.0f} s")
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader, method: bytes) -> Answer:
    asked = method if method in (b"HEAD", b"CONNECT") else b"POST"
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=asked, target=b"/", headers=[(b"Host", b"a")]))
    connection.send(h11.EndOfMessage())
    status, kind, body = 0, "", bytearray()
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(PIECE))
            elif isinstance(event, h11.Response):
                status, kind = event.status_code, _content_type(event)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or event is h11.PAUSED:
                return Answer(status, bytes(body), kind, "" if status else "closed, no answer")
    except (h11.RemoteProtocolError, ConnectionError) as error:
        return Answer(0, bytes(body), kind, f"broken off after status {status}: {error}")


def _content_type(response: h11.Response) -> str:
    return next((v.decode("latin1") for n, v in response.headers if n == b"content-type"), "")
