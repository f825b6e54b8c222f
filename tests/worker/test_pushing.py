"""Giving messages to the runtime: what arrives, and whom a client that stops reading holds up."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dynamo.worker.pushing import MOST_WAITING, QUEUE_MESSAGES, pushing

LONG = QUEUE_MESSAGES + 3 * MOST_WAITING


class Sender:
    """The runtime's object: a queue of which the client takes `read` messages, then no more."""

    def __init__(self, read: int = 10**9) -> None:
        self.sent: list[Any] = []
        self._places = QUEUE_MESSAGES + read
        self._left = threading.Event()

    def send(self, message: Any) -> None:
        if len(self.sent) == self._places:
            self._left.wait()
        if self._left.is_set():
            raise RuntimeError("response stream is closed")
        self.sent.append(message)

    def leave(self) -> None:
        """The client is gone: nothing waits any more."""
        self._left.set()


class Answer:
    """A handler that says so many numbers."""

    def __init__(self, count: int, failure: Exception | None = None) -> None:
        self._count = count
        self._failure = failure
        self.closed = asyncio.Event()

    async def __call__(self, request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            for number in range(self._count):
                yield number
            if self._failure is not None:
                raise self._failure
        finally:
            self.closed.set()


async def advance(handler: Answer, sender: Sender | None) -> list[Any]:
    """Do what the runtime does with a handler; return what it yields."""
    stream: Any = pushing(handler)({}, None, response_sender=sender)
    return [message async for message in stream]


@pytest.mark.parametrize("count", [0, 1, QUEUE_MESSAGES, QUEUE_MESSAGES + 1, LONG])
async def test_every_message_is_given_away_in_order_and_none_is_yielded(count: int) -> None:
    sender = Sender()
    assert await advance(Answer(count), sender) == []
    assert sender.sent == list(range(count))


async def test_r195_who_asks_for_each_message_gets_them() -> None:
    assert await advance(Answer(LONG), None) == list(range(LONG))


async def test_a_client_that_reads_nothing_holds_up_no_other_request() -> None:
    paused, other, answer = Sender(read=0), Sender(), Answer(LONG)
    waiting = asyncio.ensure_future(advance(answer, paused))
    await advance(Answer(LONG), other)
    assert other.sent == list(range(LONG))
    assert paused.sent == list(range(QUEUE_MESSAGES))
    assert not answer.closed.is_set()
    paused.leave()
    assert await waiting == []


@pytest.mark.parametrize("read", [0, 2 * MOST_WAITING])
async def test_r115_a_client_that_leaves_ends_the_request(read: int) -> None:
    sender, answer = Sender(read), Answer(10**6)
    waiting = asyncio.ensure_future(advance(answer, sender))
    while len(sender.sent) < QUEUE_MESSAGES + read:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.001)
    sender.leave()
    assert await asyncio.wait_for(waiting, 5) == []
    assert answer.closed.is_set()


async def test_r115_a_client_that_has_left_already_ends_the_request() -> None:
    sender, answer = Sender(), Answer(10**6)
    sender.leave()
    assert await advance(answer, sender) == []
    assert answer.closed.is_set()


@pytest.mark.parametrize("count", [1, LONG])
async def test_a_failure_of_the_handler_is_the_runtimes_to_tell(count: int) -> None:
    with pytest.raises(KeyError, match="of the engine"):
        await advance(Answer(count, KeyError("of the engine")), Sender())
