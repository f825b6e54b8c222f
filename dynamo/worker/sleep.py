"""A worker that gives its memory back for a while: no request reaches it meanwhile (R113, R114)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.engines.capabilities import Sleeps
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.routes import RefusedError
from dynamo.worker.status import success

LEVELS = (1, 2, 3)

Step = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class SleepSettings:
    """How a worker falls asleep."""

    level: int = 1
    """What is released where a request names no level."""
    drain_seconds: float = 30.0
    """Longest wait for requests in flight."""


class SleepControl:
    """Sleep and wake of one worker; `hide` and `show` take it out of the store and back."""

    def __init__(
        self,
        engine: Sleeps,
        handler: GenerateHandler,
        hide: Step,
        show: Step,
        settings: SleepSettings,
    ) -> None:
        self._engine = engine
        self._handler = handler
        self._hide = hide
        self._show = show
        self._settings = settings
        self._level: int | None = None
        """The level of the sleep; None: awake."""
        self._one_at_a_time = asyncio.Lock()

    async def sleep(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """R113: leave the store, finish the requests in flight, release memory."""
        level = self._chosen_level(body)
        async with self._one_at_a_time:
            if self._level is not None:
                return success(f"asleep already at level {self._level}", level=self._level)
            await self._hide()
            try:
                await self._finish_requests()
                await self._engine.sleep(level)
            except BaseException:
                await self._open()
                raise
            self._level = level
            return success(f"asleep at level {level}", level=level)

    async def wake_up(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """R113: take memory again, then return to the store."""
        async with self._one_at_a_time:
            if self._level is None:
                return success("awake already")
            await self._engine.wake_up()
            self._level = None
            await self._open()
            return success("awake")

    async def _open(self) -> None:
        self._handler.closed = None
        await self._show()

    async def _finish_requests(self) -> None:
        """Close the door once nobody is inside: a router may still send for a moment."""
        handler = self._handler
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                while handler.in_flight:
                    await handler.idle.wait()
        except TimeoutError as error:
            raise RefusedError(f"requests are still in flight: {handler.in_flight}") from error
        handler.closed = "the worker is asleep"

    def _chosen_level(self, body: Mapping[str, Any]) -> int:
        level = body.get("level")
        if level is None:
            return self._settings.level
        if isinstance(level, bool) or level not in LEVELS:
            raise RefusedError(f"level {level!r} is not one of {', '.join(map(str, LEVELS))}")
        return int(level)
