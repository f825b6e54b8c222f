"""A failure is the same on both sides of the http request plane."""

from typing import Any

import pytest
from dynamo.llm import exceptions as native
from dynamo.llm.exceptions import HttpError

from dynamo.worker.planes.http.errors import RemoteError, from_content, from_exception, to_native


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (native.InvalidArgument("too long"), 400, "InvalidArgument"),
        (native.Cancelled("gone"), 499, "Cancelled"),
        (native.EngineShutdown("dead"), 503, "EngineShutdown"),
        (native.ConnectionTimeout("slow"), 504, "ConnectionTimeout"),
        (HttpError(409, "asleep"), 409, "HttpError"),
        (TimeoutError("path of mine"), 504, "Rejected"),
        (ValueError("path of mine"), 400, "Rejected"),
        (KeyError("path of mine"), 500, "Unknown"),
    ],
)
def test_each_exception_has_its_status(error: Exception, status: int, kind: str) -> None:
    told = from_exception(error, "r1")
    assert (told.status, told.kind) == (status, kind)
    assert from_content(status, told.content) == told
    assert "path of mine" not in told.message


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (RemoteError(400, "InvalidArgument", "too long"), native.InvalidArgument),
        (RemoteError(499, "Cancelled", "gone"), native.Cancelled),
        (RemoteError(504, "ConnectionTimeout", "slow"), native.ConnectionTimeout),
    ],
)
def test_the_runtimes_frontend_gets_its_own_exception_back(
    remote: RemoteError, expected: type[Exception]
) -> None:
    assert isinstance(to_native(remote), expected)
    assert remote.message in str(to_native(remote))


@pytest.mark.parametrize("kind", ["EngineShutdown", "WorkerBusy", "CannotConnect", "NoWorker"])
def test_a_missing_worker_does_not_make_the_frontend_leave_out_the_forwarding_one(
    kind: str,
) -> None:
    error = to_native(RemoteError(503, kind, "text"))
    assert isinstance(error, HttpError)
    assert error.code == 503


@pytest.mark.parametrize("content", [None, [], {"error": "text"}, {"error": {"code": "x"}}])
def test_an_answer_of_something_else_keeps_its_status(content: Any) -> None:
    assert from_content(502, content).status == 502
