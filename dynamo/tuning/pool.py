"""Keeps a started engine for as long as trials ask for the same one."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Engine, EngineDeadError, EngineInfo
from dynamo.tuning.trial import Seconds

BuildEngine = Callable[[EnginePlan], Engine]

_RESET_ATTEMPTS = 40
_RESET_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class LiveEngine:
    """A started engine."""

    key: str
    engine: Engine
    info: EngineInfo


class EnginePool:
    """Holds one live engine at a time: two would take memory and time from each other.

    Leaving the pool's context stops the engine, whatever happened inside.
    """

    def __init__(self, build: BuildEngine, before_start: Callable[[EnginePlan], None]) -> None:
        """`before_start` is called before each start, for example to turn to a new log file."""
        self._build = build
        self._before_start = before_start
        self._live: LiveEngine | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.discard(Seconds())

    async def acquire(self, plan: EnginePlan, seconds: Seconds) -> LiveEngine:
        """Return a live engine for the plan with an empty prefix cache.

        The engine of the plan before is used again if the key is the same and it is healthy;
        otherwise it is stopped first.

        Raises:
            Exception: whatever building or starting the engine raised; nothing stays behind.
        """
        live = self._live
        if live is not None and live.key == plan.key:
            with _timed(seconds, "reset"):
                reusable = await _make_fresh(live.engine)
            if reusable:
                return live
        await self.discard(seconds)
        with _timed(seconds, "engine_start"):
            self._live = await self._start(plan)
        return self._live

    async def discard(self, seconds: Seconds) -> None:
        """Stop the live engine, if there is one."""
        live, self._live = self._live, None
        if live is not None:
            with _timed(seconds, "engine_stop"):
                await live.engine.stop()

    async def _start(self, plan: EnginePlan) -> LiveEngine:
        self._before_start(plan)
        engine = self._build(plan)
        try:
            return LiveEngine(plan.key, engine, await engine.start())
        except BaseException:
            await engine.stop()
            raise


async def _make_fresh(engine: Engine) -> bool:
    """Empty the prefix cache; false when the engine is dead or keeps refusing.

    An engine may refuse for a moment while it frees the blocks of the last requests.
    """
    try:
        await engine.check_health()
        for _ in range(_RESET_ATTEMPTS):
            if await engine.reset_prefix_cache():
                return True
            await asyncio.sleep(_RESET_PAUSE_SECONDS)
    except EngineDeadError:
        pass
    return False


@contextmanager
def _timed(seconds: Seconds, part: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        setattr(seconds, part, getattr(seconds, part) + time.perf_counter() - begin)
