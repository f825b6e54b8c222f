"""Measures one plan on an engine from the pool; every failure becomes an outcome."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dynamo.config.plan import LaunchPlan, WorkloadPlan
from dynamo.engines.base import GenerateRequest, InvalidRequestError
from dynamo.tuning.metrics import Metrics, RequestTiming, summarize
from dynamo.tuning.outcome import cause, classify, log_since
from dynamo.tuning.pool import EnginePool, LiveEngine
from dynamo.tuning.trial import Measurement, Outcome, Seconds
from dynamo.tuning.workload import (
    LoadProgress,
    measured_requests,
    run_closed_loop,
    warmup_requests,
)

_SECONDS_BETWEEN_REPORTS = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a running trial is."""

    stage: str
    """`engine start`, `warm-up` or `measuring`."""
    finished: int = 0
    total: int = 0
    """Requests; 0 where nothing is counted."""


OnProgress = Callable[[Progress], None]


@dataclass
class EngineLog:
    """The file that the live engine writes to."""

    path: Path | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path is not None else 0

    @property
    def name(self) -> str:
        return self.path.name if self.path is not None else ""


async def measure(
    plan: LaunchPlan, pool: EnginePool, log: EngineLog, on_progress: OnProgress
) -> Measurement:
    """Get an engine, warm it up, measure the load. Raises nothing but cancellation."""
    seconds = Seconds()
    on_progress(Progress("engine start"))
    path, offset = log.path, log.size
    try:
        live = await pool.acquire(plan.engine, seconds)
    except Exception as error:  # noqa: BLE001 - engines raise what they like
        text = log_since(log.path, offset if log.path == path else 0)
        outcome = classify(error, text, Outcome.START_FAILED)
        return Measurement(outcome, cause(error, text), log.name, seconds=seconds)
    offset = log.size
    try:
        metrics = await _run_load(plan.workload, live, seconds, on_progress)
    except InvalidRequestError as error:
        return Measurement(Outcome.INVALID, str(error), log.name, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - engines raise what they like
        await pool.discard(seconds)
        text = log_since(log.path, offset)
        outcome = classify(error, text, Outcome.CRASHED)
        return Measurement(outcome, cause(error, text), log.name, seconds=seconds)
    startup = dict(live.info.startup_seconds) if seconds.engine_start else {}
    return Measurement(Outcome.OK, "", log.name, metrics, seconds, startup)


async def _run_load(
    workload: WorkloadPlan, live: LiveEngine, seconds: Seconds, on_progress: OnProgress
) -> Metrics:
    warmup = warmup_requests(workload, live.info.vocab_size)
    measured = measured_requests(workload, live.info.vocab_size)

    async def run(stage: str, requests: Sequence[GenerateRequest]) -> list[RequestTiming]:
        async with _reported(stage, len(requests), on_progress) as progress:
            send = live.engine.generate
            return await run_closed_loop(send, requests, workload.concurrency, progress)

    begin = time.perf_counter()
    await run("warm-up", warmup)
    seconds.warmup = time.perf_counter() - begin
    begin = time.perf_counter()
    timings = await run("measuring", measured)
    seconds.measured = time.perf_counter() - begin
    return summarize(timings)


@asynccontextmanager
async def _reported(stage: str, total: int, on_progress: OnProgress) -> AsyncIterator[LoadProgress]:
    """Report a load's progress now and then, but only while tokens arrive: a sign of life."""
    progress = LoadProgress()

    async def report() -> None:
        seen = -1
        while True:
            if progress.output_tokens != seen:
                seen = progress.output_tokens
                on_progress(Progress(stage, progress.finished_requests, total))
            await asyncio.sleep(_SECONDS_BETWEEN_REPORTS)

    reporting = asyncio.create_task(report())
    await asyncio.sleep(0)
    try:
        yield progress
    finally:
        reporting.cancel()
