"""An engine starts beside a free event loop, and a start that nobody wants any more ends."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines import starting
from dynamo.engines.footprint import Footprint
from dynamo.engines.starting import build_in_thread, may_fork


@pytest.fixture
def footprint() -> Iterator[Footprint]:
    own = Footprint()
    yield own
    own.remove()


async def test_the_event_loop_stays_free_meanwhile(footprint: Footprint) -> None:
    proceed = threading.Event()

    def build(own: Footprint) -> str:
        assert proceed.wait(10)
        return own.directory.name

    building = asyncio.ensure_future(build_in_thread(build, footprint))
    await asyncio.sleep(0)
    proceed.set()
    assert await building == footprint.directory.name


async def test_what_goes_wrong_is_raised(footprint: Footprint) -> None:
    def build(_footprint: Footprint) -> None:
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        await build_in_thread(build, footprint)
    assert not footprint.given_up


async def test_a_cancelled_start_is_given_up_and_waited_for(footprint: Footprint) -> None:
    begun, ended = threading.Event(), threading.Event()

    def build(own: Footprint) -> None:
        begun.set()
        while not own.given_up:
            pass
        ended.set()

    building = asyncio.ensure_future(build_in_thread(build, footprint))
    await asyncio.to_thread(begun.wait, 10)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert ended.is_set()


def test_only_an_engine_with_the_first_ones_environment_is_forked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "_imported_with", None)

    def plan(threads: str, device: str = "cpu") -> EnginePlan:
        return EnginePlan("any", "1", device, {}, {"OMP_NUM_THREADS": threads})

    assert [may_fork(plan("1")), may_fork(plan("2")), may_fork(plan("1"))] == [True, False, True]
    assert not may_fork(plan("1", "cuda"))
