"""Give messages to the runtime, instead of being asked for each.

The runtime advances a handler's generator once for every message: a task on the event loop, and two
threads that wait for Python's lock. A handler that takes a `response_sender` is advanced once for
the whole answer, and each message costs one call. But when the runtime's queue for the answer is
full, that call waits for the client to read, and on the event loop all other requests would wait
too. So only as many messages as the queue holds are given away there, and the rest of a long answer
by a thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

Handler = Callable[[Any, Any], AsyncIterator[Any]]

QUEUE_MESSAGES = 128
"""Messages of an answer that the runtime (1.6.1) takes whether or not somebody reads."""
MOST_WAITING = 128
"""Messages that wait for the thread which sends them."""
LOOK_SECONDS = 0.02
END = object()


class ResponseSender(Protocol):
    """What is used of the runtime's object of that name."""

    def send(self, message: Any) -> None: ...


def pushing(handler: Handler) -> Callable[..., AsyncIterator[Any]]:
    """Return a handler for `serve_endpoint` that answers as this one does."""

    async def push(
        request: Any, context: Any, response_sender: ResponseSender | None = None
    ) -> AsyncIterator[Any]:
        stream: Any = handler(request, context)
        async with aclosing(stream) as messages:
            if response_sender is not None:
                # Without a client nobody is left to tell.
                with suppress(ClientGoneError):
                    await give(messages, response_sender)
                return
            # The runtime's own canary asks for each message (R195).
            async for message in messages:
                yield message

    return push


class ClientGoneError(Exception):
    """Nobody reads the answer any more."""


async def give(messages: AsyncIterator[Any], sender: ResponseSender) -> None:
    """Give all messages away.

    Raises:
        ClientGoneError: the client has left.
    """
    for _ in range(QUEUE_MESSAGES):
        try:
            message = await anext(messages)
        except StopAsyncIteration:
            return
        send(sender, message)
    thread = SendingThread(sender)
    try:
        async for message in messages:
            await thread.send(message)
    finally:
        thread.end()
    await thread.ended()


def send(sender: ResponseSender, message: Any) -> None:
    """Give one message away; waits while the runtime's queue is full."""
    try:
        sender.send(message)
    except RuntimeError as error:
        raise ClientGoneError from error


class SendingThread:
    """Sends messages of one answer where waiting for its reader holds up nobody else."""

    def __init__(self, sender: ResponseSender) -> None:
        self._sender = sender
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        self._error: Exception | None = None
        self._ended = asyncio.Event()
        # A daemon: a client that never reads must not keep the process from ending.
        Thread(target=self._run, daemon=True).start()

    async def send(self, message: Any) -> None:
        """Let a message be sent; waits while too many are.

        Raises:
            ClientGoneError: the client has left.
        """
        while self._waiting.qsize() >= MOST_WAITING and self._error is None:  # noqa: ASYNC110 - rare
            await asyncio.sleep(LOOK_SECONDS)
        if self._error is not None:
            raise self._error
        self._waiting.put(message)

    def end(self) -> None:
        """End behind the last message."""
        self._waiting.put(END)

    async def ended(self) -> None:
        """Return when everything is sent.

        Raises:
            ClientGoneError: the client has left.
        """
        await self._ended.wait()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for message in iter(self._waiting.get, END):
                send(self._sender, message)
        except Exception as error:  # noqa: BLE001 - raised in the answer's task
            self._error = error
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended.set)
