"""Requests whose clients have gone: found by one look at all that are in flight (R115).

The runtime offers a future per request for this. Making and dropping one costs as much as half of
what the worker does for a request, so the contexts are looked at instead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.02


class Cancellable(Protocol):
    """What is looked at of the runtime's Context."""

    def id(self) -> str: ...

    def is_stopped(self) -> bool: ...


@dataclass(eq=False, slots=True)
class Watched:
    """A request in flight."""

    context: Cancellable
    held: bool = False
    """Set while the request must not be interrupted."""
    awaits_engine: bool = False
    """Set while the engine owes the next chunk, and not the client its reading."""


class Cancellations:
    """Calls `abort` with the id of each watched request that nobody waits for any more."""

    def __init__(self, abort: Callable[[str], Awaitable[None]]) -> None:
        self._abort = abort
        self._watched: set[Watched] = set()
        self._looking: asyncio.Task[None] | None = None

    def watch(self, context: Cancellable) -> Watched:
        """Look at a request from now on, until `forget`."""
        watched = Watched(context)
        self._watched.add(watched)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return watched

    def forget(self, watched: Watched) -> None:
        """The request is over."""
        self._watched.discard(watched)

    def engine_owes(self) -> bool:
        """Whether any request waits for the engine."""
        return any(watched.awaits_engine for watched in self._watched)

    async def _look(self) -> None:
        """Look at all requests again and again; ends when there was none for one interval."""
        while self._watched:
            await asyncio.sleep(LOOK_SECONDS)
            for watched in [each for each in self._watched if each.context.is_stopped()]:
                if not watched.held:
                    self.forget(watched)
                    await self._end(watched.context.id())
        self._looking = None

    async def _end(self, request_id: str) -> None:
        try:
            await self._abort(request_id)
        except Exception:
            logger.exception("cannot abort request %s", request_id)
