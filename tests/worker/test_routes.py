"""Routes of the status server: every outcome is an object with a status."""

from collections.abc import Mapping
from typing import Any

import pytest

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.capabilities import Profiles
from dynamo.worker.profiling import profile_routes
from dynamo.worker.routes import RefusedError, Route, as_endpoint, register_routes
from dynamo.worker.status import success


class Server:
    """Takes routes as the runtime does."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}

    def register_engine_route(self, name: str, route: Route) -> None:
        self.routes[name] = route


async def echo(body: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in body:
        raise body["error"]
    return success("done", body=dict(body))


async def test_a_route_has_its_own_name_and_the_newer_one() -> None:
    server = Server()
    register_routes(server, {"sleep": echo})
    assert set(server.routes) == {"sleep", "control/sleep"}
    for route in server.routes.values():
        assert await route({"a": 1}) == {"status": "success", "message": "done", "body": {"a": 1}}


@pytest.mark.parametrize("body", [None, [], "level", 5])
async def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    server = Server()
    register_routes(server, {"sleep": echo})
    answer = await server.routes["sleep"](body)
    assert answer == {"status": "error", "message": "the body must be a JSON object"}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RefusedError("not now"), "not now"),
        (InvalidRequestError("cannot"), "cannot"),
        (OSError("broken"), "sleep failed: broken"),
    ],
)
async def test_r114_a_failure_is_a_status_and_no_exception(error: Exception, message: str) -> None:
    server = Server()
    register_routes(server, {"sleep": echo})
    assert await server.routes["sleep"]({"error": error}) == {
        "status": "error", "message": message,
    }  # fmt: skip


@pytest.mark.parametrize("request_body", [{}, None, [1], "x"])
async def test_an_endpoint_yields_the_one_answer(request_body: Any) -> None:
    answers = [each async for each in as_endpoint("echo", echo)(request_body, None)]
    assert [answer["status"] for answer in answers] == ["success"]


class Tracer:
    """An engine with a profiler."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def start_profile(self) -> None:
        self.calls.append("start")

    async def stop_profile(self) -> None:
        self.calls.append("stop")


async def test_profiling_is_started_and_stopped() -> None:
    tracer = Tracer()
    assert isinstance(tracer, Profiles)
    routes = profile_routes(tracer)
    assert (await routes["start_profile"]({}))["status"] == "success"
    assert (await routes["stop_profile"]({}))["status"] == "success"
    assert tracer.calls == ["start", "stop"]
