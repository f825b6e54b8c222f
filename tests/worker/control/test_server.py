"""The control routes over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamo.config.plan import ControlPlan
from dynamo.worker.control.server import MAX_BODY_BYTES, PATH, ControlServer
from dynamo.worker.control.settings import LiveSetting, LiveSettings, whole_number
from dynamo.worker.routes import RefusedError

LIMIT = "backend.engine.max_num_seqs"
THRESHOLD = "backend.engine.long_prefill_token_threshold"


def live_settings() -> LiveSettings:
    """Return two settings, both 64 at first."""
    values = {LIMIT: 64, THRESHOLD: 64}

    def setting(path: str) -> LiveSetting:
        async def write(value: int) -> None:
            values[path] = value

        return LiveSetting(path, lambda: values[path], write, whole_number(1, 64))

    return LiveSettings([setting(path) for path in values])


@pytest.fixture
async def server() -> AsyncIterator[ControlServer]:
    running = ControlServer(ControlPlan("127.0.0.1", 0), live_settings())
    await running.start()
    yield running
    await running.close()


async def ask(server: ControlServer, method: str, **more: Any) -> tuple[int, Any]:
    """Send one request; return status and answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.url + PATH, **more) as response,
    ):
        return response.status, await response.json()


async def test_settings_are_read_and_changed(server: ControlServer) -> None:
    assert await ask(server, "GET") == (200, {"settings": {LIMIT: 64, THRESHOLD: 64}})
    changed = {"changed": [{"path": LIMIT, "before": 64, "after": 8}]}
    assert await ask(server, "PATCH", json={LIMIT: 8}) == (200, changed)
    assert await ask(server, "GET") == (200, {"settings": {LIMIT: 8, THRESHOLD: 64}})
    assert server.changes_made == 1


async def test_one_wrong_value_keeps_all_from_changing(server: ControlServer) -> None:
    status, answer = await ask(server, "PATCH", json={LIMIT: 8, THRESHOLD: 0, "frontend.port": 1})
    assert status == 400
    assert [problem["path"] for problem in answer["problems"]] == [THRESHOLD, "frontend.port"]
    assert (await ask(server, "GET"))[1] == {"settings": {LIMIT: 64, THRESHOLD: 64}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b"8", 400),
        (b"\xff", 400),
        (b"[" * 50_000, 400),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
async def test_a_body_that_says_no_values_is_refused(
    server: ControlServer, body: bytes, status: int
) -> None:
    answered, answer = await ask(server, "PATCH", data=body)
    assert answered == status
    assert answer["error"]["code"] == status
    assert answer["error"]["type"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer no"}, {"Authorization": "öé"}])
async def test_without_the_token_nothing_is_told_or_changed(header: dict[str, str]) -> None:
    server = ControlServer(ControlPlan("127.0.0.1", 0, "yes"), live_settings())
    await server.start()
    try:
        assert (await ask(server, "GET", headers=header))[0] == 401
        assert (await ask(server, "PATCH", headers=header, json={LIMIT: 8}))[0] == 401
        right = {"Authorization": "Bearer yes"}
        assert (await ask(server, "GET", headers=right))[1]["settings"][LIMIT] == 64
    finally:
        await server.close()


async def test_a_token_that_is_no_text_is_refused_like_any_other() -> None:
    running = ControlServer(ControlPlan("127.0.0.1", 0, "yes"), live_settings())
    await running.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url.split(":")[2]))
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: ".encode())
        writer.write(b"Bearer \xff\r\n\r\n")
        assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    finally:
        await running.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(wanted=st.dictionaries(st.sampled_from([LIMIT, "nonsense"]) | st.text(), json_values))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_wanted_is_checked_without_failing(wanted: dict[str, Any]) -> None:
    refused = {problem.path for problem in live_settings().problems(wanted)}
    allowed = {path for path in wanted if path not in refused}
    assert allowed <= {LIMIT, THRESHOLD}
    assert all(1 <= wanted[path] <= 64 for path in allowed)
    json.dumps(sorted(refused))


async def test_what_the_worker_cannot_do_now_is_a_conflict_with_its_reason() -> None:
    async def write(value: bool) -> None:
        raise RefusedError("NATS is away")

    setting = LiveSetting("runtime.durable_kv_events", lambda: False, write, lambda value: "")
    running = ControlServer(ControlPlan("127.0.0.1", 0), LiveSettings([setting]))
    await running.start()
    status, answer = await ask(running, "PATCH", json={"runtime.durable_kv_events": True})
    await running.close()
    assert (status, answer["error"]["message"]) == (409, "NATS is away")
    assert running.changes_made == 0
