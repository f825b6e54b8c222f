"""An engine that lives and gives nothing."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from dynamo.worker import stall
from dynamo.worker.stall import watch_progress
from tests.worker.processes import StartWorker


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stall, "LOOK_SECONDS", 0.005)


def handler(*, owes: bool) -> Any:
    """Return a handler whose engine owes something to a request, or to none."""
    return SimpleNamespace(chunks=0, cancellations=SimpleNamespace(engine_owes=lambda: owes))


async def returns_within(seconds: float, watched: Any, limit: float) -> bool:
    """Whether the watch finds the engine stuck in this time."""
    try:
        async with asyncio.timeout(seconds):
            await watch_progress(watched, limit)
    except TimeoutError:
        return False
    return True


async def test_an_engine_that_owes_for_too_long_is_stuck() -> None:
    assert await returns_within(5, handler(owes=True), 0.05)


@pytest.mark.parametrize(("owes", "limit"), [(False, 0.05), (True, 0)])
async def test_one_that_owes_nothing_or_may_take_for_ever_is_not(owes: bool, limit: float) -> None:
    assert not await returns_within(0.3, handler(owes=owes), limit)


async def test_one_that_gives_something_now_and_then_is_not() -> None:
    watched = handler(owes=True)

    async def give() -> None:
        while True:
            watched.chunks += 1
            await asyncio.sleep(0.02)

    giving = asyncio.create_task(give())
    assert not await returns_within(0.5, watched, 0.2)
    giving.cancel()


@pytest.mark.e2e
def test_a_worker_whose_engine_hangs_tells_its_clients_and_ends(start_worker: StartWorker) -> None:
    worker = start_worker("health.engine_stall_seconds=1", fail="hang", crash_after_requests=1)
    assert worker.complete().status_code == 200
    assert worker.complete().status_code >= 500
    assert worker.process.wait(20) == 1
    assert "the engine is stuck" in worker.log.read_text()
