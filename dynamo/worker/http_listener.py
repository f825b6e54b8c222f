"""An aiohttp application whose every refusal is JSON with a type, those of HTTP itself included.

aiohttp by itself answers what it refuses, such as a wrong path or a header that cannot be read, in
plain text, and writes a traceback into the log for each request that is no HTTP.
"""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

logger = logging.getLogger(__name__)

CONTINUE = "100-continue"


def refusal(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> web.Response:
    """Return `{"error": {"code", "type", "message"}}` and whatever else is to be told."""
    error = {"code": status, "type": kind, "message": message}
    return web.json_response({"error": error, **more}, status=status, headers=headers)


class TypedRunner(web.AppRunner):
    """Runs an application so that all its refusals are typed."""

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _TypedServer(
            _typed(plain.request_handler),
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
        )


class _TypedServer(web.Server):
    def __call__(self) -> web.RequestHandler:
        loop = asyncio.get_running_loop()
        return _TypedProtocol(self, loop=loop, access_log=None)  # type: ignore[arg-type]


class _TypedProtocol(web.RequestHandler):
    __slots__ = ()

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """Keep out of the log what a client did to its own request."""
        if not isinstance(kwargs.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kwargs)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what cannot be read as HTTP, and what no handler expected."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun") from exc
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if not isinstance(exc, ConnectionError):  # the client has gone
                logger.error("a request failed", exc_info=exc)
            response = refusal(status, "Unknown", "the request failed on the worker")
        else:
            response = refusal(status, _kind(status), "the request cannot be read as HTTP")
        response.force_close()
        return response


def _typed(handler: Any) -> Any:
    """Wrap an application's handler: it raises what its router refuses, and broken bodies."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        # aiohttp refuses this itself, but fails on bytes that are no text.
        if request.headers.get("Expect", CONTINUE).lower() != CONTINUE:
            status = HTTPStatus.EXPECTATION_FAILED
            return refusal(status, _kind(status), "the only expectation known is 100-continue")
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as error:
            allowed = error.headers.get("Allow")
            headers = {"Allow": allowed} if allowed else None
            return refusal(error.status, _kind(error.status), error.reason, headers)
        except web.RequestPayloadError:
            status = HTTPStatus.BAD_REQUEST
            return refusal(status, _kind(status), "the body does not arrive as its headers say")
        return response

    return answer


def _kind(status: int) -> str:
    """Return the standard's phrase for a status as one word, such as `NotFound`."""
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
