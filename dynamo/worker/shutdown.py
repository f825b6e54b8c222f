"""When and why a worker ends: signals, a dead engine, an endpoint that returned by itself."""

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine, Sequence
from enum import Enum
from typing import Any

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import EngineDeadError, EngineProcess

logger = logging.getLogger(__name__)

HEALTH_SECONDS = 2.0
DRAIN_SECONDS = 30.0
"""Longest wait for requests in flight (R117), unless the plan has another."""
DRAIN_VARIABLE = "DYN_RUNTIME_GRACEFUL_SHUTDOWN_TIMEOUT_SECS"
FETCH_SECONDS = 2.0
"""Wait until a decode worker has fetched what was prefilled, unless the plan has another."""
FETCH_VARIABLE = "DYN_PREFILL_DRAIN_TIMEOUT_S"


class Reason(Enum):
    """Why the worker ends; its value is the exit status."""

    ASKED = 0
    FAILED = 1


class StopSignal:
    """SIGINT, SIGTERM and SIGHUP as something to wait for; the second one means: at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.urgent = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                loop.add_signal_handler(number, self._receive)

    def _receive(self) -> None:
        if self.asked.is_set():
            self.urgent.set()
        self.asked.set()


def drain_seconds(plan: LaunchPlan) -> float:
    """Return how long requests in flight may take at shutdown."""
    return float(plan.runtime.environment.get(DRAIN_VARIABLE, DRAIN_SECONDS))


def fetch_seconds(plan: LaunchPlan, left_at: float) -> float:
    """Return how long a prefill worker still waits whose last request left at a monotonic time."""
    limit = float(plan.runtime.environment.get(FETCH_VARIABLE, FETCH_SECONDS))
    return max(0.0, left_at + limit - time.monotonic())


async def watch_engine(engine: EngineProcess) -> None:
    """R116: return when the engine is dead, at most two seconds after it died."""
    while True:
        try:
            await engine.check_health()
        except EngineDeadError as error:
            logger.error("the engine died: %s", error)
            return
        await asyncio.sleep(HEALTH_SECONDS)


async def either(waited: asyncio.Event, seconds: float, unless: asyncio.Event) -> bool:
    """Wait for an event, at most so long, unless another one comes first; true when it came."""
    tasks = [asyncio.ensure_future(event.wait()) for event in (waited, unless)]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return waited.is_set()


def log_failure(what: str, ended: asyncio.Future[Any]) -> None:
    """Log in one line what ended though nobody asked; the traceback is for debugging."""
    error = ended.exception()
    reason = f": {type(error).__name__}: {error}" if error is not None else ""
    logger.error("%s%s", what, reason)
    logger.debug("%s", what, exc_info=error)


async def until_end(
    watches: Sequence[Coroutine[Any, Any, None]],
    running: Sequence[asyncio.Future[None]],
    stop: StopSignal,
    announcing: asyncio.Future[None],
) -> Reason:
    """Wait for a signal, a dead engine, or an endpoint that returned though nobody asked.

    Each of the watches returns when it finds the engine unable to serve.
    A worker that cannot be announced, because no frontend lists its model, has failed as well.
    """
    asked = asyncio.ensure_future(stop.asked.wait())
    found = [asyncio.ensure_future(watch) for watch in watches]
    ends: list[asyncio.Future[Any]] = [asked, *found, *running]
    done, _ = await asyncio.wait([*ends, announcing], return_when=asyncio.FIRST_COMPLETED)
    if done == {announcing} and announcing.exception() is None:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for waiting in (asked, *found):
        waiting.cancel()
    if stop.asked.is_set():
        return Reason.ASKED
    if announcing.done() and announcing.exception() is not None:
        log_failure("the frontend does not list the model", announcing)
    for task in running:
        if task.done():
            log_failure("an endpoint ended by itself", task)
    return Reason.FAILED
