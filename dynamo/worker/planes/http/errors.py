"""Failures on the http request plane: a status and a type, the same on both sides."""

import asyncio
from dataclasses import dataclass
from typing import Any

from dynamo.llm import exceptions as native
from dynamo.llm.exceptions import HttpError

BAD_REQUEST, NOT_FOUND, TOO_SLOW, TOO_LARGE = 400, 404, 408, 413
CANCELLED, INTERNAL, UNAVAILABLE, TIMED_OUT = 499, 500, 503, 504

NATIVE_STATUSES: dict[type[Exception], int] = {
    native.InvalidArgument: BAD_REQUEST,
    native.Cancelled: CANCELLED,
    native.ConnectionTimeout: TIMED_OUT,
    native.EngineShutdown: UNAVAILABLE,
    native.WorkerUnavailable: UNAVAILABLE,
    native.CannotConnect: UNAVAILABLE,
    native.Disconnected: UNAVAILABLE,
    native.StreamIncomplete: UNAVAILABLE,
}
"""The runtime's own exceptions; their texts are meant for whoever sent the request."""

OTHER_STATUSES: dict[type[BaseException], int] = {
    ValueError: BAD_REQUEST,
    TimeoutError: TIMED_OUT,
    asyncio.CancelledError: CANCELLED,
}
"""Exceptions whose texts stay on the worker, as on the runtime's own planes."""

BUSY = "WorkerBusy"
MOVABLE = (BUSY, "EngineShutdown", "WorkerUnavailable", "CannotConnect", "Disconnected")
"""Types of a refusal that another worker need not share."""


@dataclass
class RemoteError(Exception):
    """A request that failed on the other side, or did not get there."""

    status: int
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.status}): {self.message}"

    @property
    def content(self) -> dict[str, Any]:
        """The failure as it travels."""
        return {"error": {"code": self.status, "type": self.kind, "message": self.message}}

    @property
    def is_movable(self) -> bool:
        """Whether another worker may do better."""
        return self.kind in MOVABLE


def from_exception(error: BaseException, request_id: str) -> RemoteError:
    """Return what the sender of a request is told about an exception of its handler."""
    if isinstance(error, RemoteError):
        return error
    if isinstance(error, HttpError):
        return RemoteError(error.code, "HttpError", error.message)
    for kind, status in NATIVE_STATUSES.items():
        if isinstance(error, kind):
            return RemoteError(status, kind.__name__, str(error))
    for other, status in OTHER_STATUSES.items():
        if isinstance(error, other):
            return RemoteError(status, "Rejected", f"request {request_id} failed on the worker")
    return RemoteError(INTERNAL, "Unknown", f"request {request_id} failed on the worker")


def from_content(status: int, content: Any) -> RemoteError:
    """Read a failure back; anything that is not one of ours keeps its status only."""
    match content:
        case {"error": {"code": int(code), "type": str(kind), "message": str(message)}}:
            return RemoteError(code, kind, message)
    return RemoteError(status, "Unknown", "the worker's answer is not one of this request plane")


def to_native(error: RemoteError) -> Exception:
    """Return the exception by which the runtime's frontend answers with the same status.

    A busy or missing worker becomes a plain status: the exceptions of the runtime for it would make
    the frontend leave out the forwarding worker, which is well.
    """
    kind = next((each for each in NATIVE_STATUSES if each.__name__ == error.kind), None)
    if kind is not None and error.status != UNAVAILABLE:
        return kind(error.message)
    return HttpError(error.status, error.message)
