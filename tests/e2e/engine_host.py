"""Holds an engine for tests in another environment: `python -m tests.e2e.engine_host DESCRIPTOR`.

Answers calls on a connection whose other end is tests.e2e.remote_engine, and stops the engine when
that is closed.
"""

import asyncio
import sys
from contextlib import aclosing
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from dynamo.engines.base import Engine, EngineDeadError, InvalidRequestError
from dynamo.engines.registry import build_engine


class Host:
    """Runs each call as a task of its own, until the connection is closed."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._engine: Engine | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """Answer until nobody asks any more."""
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._receive)
        await self._closed.wait()
        if self._engine is not None:
            await self._engine.stop()

    def _receive(self) -> None:
        try:
            number, method, arguments = self._connection.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            self._closed.set()
            return
        if method == "cancel":
            self._tasks[number].cancel()
        else:
            self._tasks[number] = asyncio.create_task(self._answer(number, method, arguments))

    async def _answer(self, number: int, method: str, arguments: tuple[Any, ...]) -> None:
        try:
            answer = ("value", await self._call(number, method, arguments))
        except asyncio.CancelledError:
            answer = ("value", None)
        except (EngineDeadError, InvalidRequestError) as error:
            answer = ("error", error)
        except Exception as error:  # noqa: BLE001 - not all of them can be sent
            answer = ("error", RuntimeError(f"{type(error).__name__}: {error}"))
        self._connection.send((number, *answer))

    async def _call(self, number: int, method: str, arguments: tuple[Any, ...]) -> Any:
        if method == "build":
            self._engine = build_engine(*arguments)
            return None
        if method == "generate":
            async with aclosing(self._engine.generate(*arguments)) as chunks:  # type: ignore[union-attr]
                async for chunk in chunks:
                    self._connection.send((number, "chunk", chunk))
            return None
        result = getattr(self._engine, method)(*arguments)
        return await result if asyncio.iscoroutine(result) else result


if __name__ == "__main__":
    uvloop.run(Host(Connection(int(sys.argv[1]))).run())
