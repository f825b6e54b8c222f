"""Streams that are dropped off the event loop.

The runtime drops the stream of a client that left in a thread of its own. Python then ends the
generator there, where an engine can neither wait nor reach its event loop.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any


class ClosedOnLoop:
    """Closes a generator at the end of a block, in the event loop whatever thread ends it."""

    __slots__ = ("_loop", "_stream")

    def __init__(self, stream: AsyncGenerator[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop

    async def __aenter__(self) -> AsyncGenerator[Any]:
        return self._stream

    async def __aexit__(self, *_error: object) -> None:
        if is_running_here(self._loop):
            await self._stream.aclose()
        else:
            asyncio.run_coroutine_threadsafe(_close(self._stream), self._loop)


async def _close(stream: AsyncGenerator[Any]) -> None:
    await stream.aclose()


def call_on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Call in the event loop: at once when this is its thread."""
    if is_running_here(loop):
        call()
    else:
        loop.call_soon_threadsafe(call)


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this thread runs the loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
