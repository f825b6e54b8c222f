"""The worker's side of the http request plane: endpoints under one root path.

`POST {root}/{namespace}.{component}.{endpoint}` with a JSON body answers with the handler's
messages as server-sent events. What fails before the first message has a status of its own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from aiohttp import web

from dynamo.config.plan import HttpPlanePlan
from dynamo.worker.http_listener import TypedRunner, refusal
from dynamo.worker.planes.http import errors
from dynamo.worker.planes.http.addresses import base_url, bound_port, listening_host
from dynamo.worker.planes.http.context import HttpContext
from dynamo.worker.planes.http.errors import RemoteError
from dynamo.worker.planes.http.tls import server_context
from dynamo.worker.planes.http.wire import CONTENT_TYPE, decode, error_event, message_event

logger = logging.getLogger(__name__)

Handler = Callable[[Any, Any], AsyncIterator[Any]]

RETRY_AFTER_SECONDS = 1
CLOSE_SECONDS = 5.0
"""Time for answers that are still being written when the listener closes."""
BODY_SECONDS = 30.0
"""Longest wait for the body of a request, which holds a place meanwhile."""
END = object()
BACKLOG = 1024


class HttpPlane:
    """Serves handlers over HTTP; at most `max_requests` of them run at once."""

    def __init__(self, plan: HttpPlanePlan) -> None:
        self._plan = plan
        self._handlers: dict[str, Handler] = {}
        self.active = 0
        """Requests that are being answered."""
        self._runner: TypedRunner | None = None
        self.url = ""
        """Where the endpoints are, once started: scheme, address and root path."""

    def add(self, endpoint: str, handler: Handler) -> None:
        """Serve `namespace.component.endpoint` from now on."""
        self._handlers[endpoint] = handler

    async def start(self) -> None:
        """Listen; the endpoints may be added later.

        Raises:
            OSError: the address cannot be bound, or a TLS file cannot be read.
        """
        plan = self._plan
        app = web.Application(client_max_size=plan.max_message_bytes)
        app.router.add_post(plan.root_path + "/{endpoint}", self._answer)
        # A client that leaves cancels the task that answers it, and so the engine's work (R115).
        self._runner = TypedRunner(app, handler_cancellation=True, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        context, host = server_context(plan.tls), listening_host(plan.host)
        site = web.TCPSite(self._runner, host, plan.port, ssl_context=context, backlog=BACKLOG)
        await site.start()
        self.url = base_url(plan, host, bound_port(self._runner), tls=context is not None)

    async def close(self) -> None:
        """Stop listening; what is being answered has a few seconds left."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        handler = self._handlers.get(request.match_info["endpoint"])
        if handler is None:
            return _refusal(RemoteError(errors.NOT_FOUND, "NoSuchEndpoint", "not served here"))
        if self.active >= self._plan.max_requests:
            text = f"this worker has {self.active} requests already"
            return _refusal(RemoteError(errors.UNAVAILABLE, errors.BUSY, text))
        self.active += 1
        try:
            return await self._run(handler, request)
        finally:
            self.active -= 1

    async def _run(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                asked = decode(await request.read())
        except TimeoutError:
            text = f"the request did not arrive within {BODY_SECONDS:.0f} s"
            return _refusal(RemoteError(errors.TOO_SLOW, "TooSlow", text))
        except web.HTTPRequestEntityTooLarge:
            text = f"a request may have {self._plan.max_message_bytes} bytes"
            return _refusal(RemoteError(errors.TOO_LARGE, "TooLarge", text))
        except ValueError:
            return _refusal(RemoteError(errors.BAD_REQUEST, "InvalidArgument", "no valid JSON"))
        context = HttpContext(request.headers)
        stream: Any = handler(asked, context)
        async with aclosing(stream):
            try:
                return await _stream(stream, request, context)
            finally:
                context.stop_generating()


async def _stream(stream: Any, request: web.Request, context: HttpContext) -> web.StreamResponse:
    """Answer with what the handler yields; headers wait for the first message or failure."""
    try:
        first = await anext(stream, END)
        event = b"" if first is END else message_event(first)
    except Exception as error:  # noqa: BLE001 - whatever it is becomes a status
        return _refusal(_told(error, context))
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
    await response.prepare(request)
    if first is END:
        return response
    try:
        await response.write(event)
        async for message in stream:
            await response.write(message_event(message))
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - the status is sent already
        await response.write(error_event(_told(error, context).content))
    return response


def _told(error: Exception, context: HttpContext) -> RemoteError:
    told = errors.from_exception(error, context.id())
    if told.status == errors.INTERNAL:
        logger.error("request %s failed", context.id(), exc_info=error)
    return told


def _refusal(error: RemoteError) -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if error.kind == errors.BUSY else None
    status = error.status if 400 <= error.status < 600 else errors.INTERNAL
    return refusal(status, error.kind, error.message, headers)
