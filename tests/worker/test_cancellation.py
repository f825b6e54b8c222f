"""R115: requests that nobody waits for any more are found among all that are in flight."""

import asyncio
from dataclasses import dataclass

import pytest

from dynamo.worker.cancellation import LOOK_SECONDS, Cancellations


@dataclass
class Request:
    name: str
    left: bool = False

    def id(self) -> str:
        return self.name

    def is_stopped(self) -> bool:
        return self.left


@pytest.fixture
def aborted() -> list[str]:
    return []


@pytest.fixture
def cancellations(aborted: list[str]) -> Cancellations:
    async def abort(request_id: str) -> None:
        aborted.append(request_id)

    return Cancellations(abort)


async def a_look() -> None:
    await asyncio.sleep(3 * LOOK_SECONDS)


async def test_r115_only_those_are_aborted_and_once(
    cancellations: Cancellations, aborted: list[str]
) -> None:
    requests = [Request(str(number)) for number in range(100)]
    watched = [cancellations.watch(request) for request in requests]
    requests[7].left = True
    await a_look()
    await a_look()
    assert aborted == ["7"]
    for each in watched:
        cancellations.forget(each)


async def test_r115_a_request_that_must_not_be_interrupted_is_aborted_later(
    cancellations: Cancellations, aborted: list[str]
) -> None:
    watched = cancellations.watch(Request("a", left=True))
    watched.held = True
    await a_look()
    assert aborted == []
    watched.held = False
    await a_look()
    assert aborted == ["a"]


async def test_what_is_over_is_not_aborted(
    cancellations: Cancellations, aborted: list[str]
) -> None:
    cancellations.forget(cancellations.watch(Request("a", left=True)))
    await a_look()
    assert aborted == []


async def test_an_idle_worker_looks_at_nothing_and_starts_again(
    cancellations: Cancellations, aborted: list[str]
) -> None:
    cancellations.forget(cancellations.watch(Request("a")))
    await a_look()
    assert len(asyncio.all_tasks()) == 1
    cancellations.watch(Request("b", left=True))
    await a_look()
    assert aborted == ["b"]


async def test_an_abort_that_fails_does_not_end_the_looking(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = []

    async def abort(request_id: str) -> None:
        tried.append(request_id)
        raise RuntimeError("the engine does not answer")

    cancellations = Cancellations(abort)
    for name in ("a", "b"):
        cancellations.watch(Request(name, left=True))
        await a_look()
    assert tried == ["a", "b"]
    assert "cannot abort request a" in caplog.text
