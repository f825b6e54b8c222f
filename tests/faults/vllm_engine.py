"""A real vLLM engine is killed, and another one hangs; a third goes on serving.

The time until requests are answered again is the longest that any client waited.
"""

import math
import signal
import time
from collections import Counter
from collections.abc import Sequence

import psutil  # type: ignore[import-untyped]

from tests.e2e.engines import engine_cores, shared_memory
from tests.e2e.fleet import Process
from tests.e2e.tiny_llama import vllm_settings
from tests.faults.load import Load, load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.stage import CLIENTS, STEADY, Stage

STALL_SECONDS = 5
START_SECONDS = 240
FAULTS = {
    "vLLM's engine core of one of three workers killed with kill -9": signal.SIGKILL,
    f"vLLM's engine core of one of two workers hangs (SIGSTOP, stall limit {STALL_SECONDS} s)":
        signal.SIGSTOP,
}  # fmt: skip


def engines_fail(stage: Stage, faults: Sequence[signal.Signals]) -> list[Outcome]:
    """Send signals to the engine cores of as many workers, one after the other; requests move to
    those that are left, one in the end."""
    fleet = stage.fleet(
        "store=file", "runtime.migration_limit=3", f"health.engine_stall_seconds={STALL_SECONDS}"
    )
    settings = (*vllm_settings(stage.model), "frontend=none")
    workers = [fleet.start(*settings) for _ in range(len(faults) + 1)]
    for worker in workers:
        worker.wait_for("ready: ", START_SECONDS)
    fleet.frontend()
    fleet.wait_until_listed()
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(2 * STEADY, 0.0)
        failed = [_fails(running, *each) for each in zip(workers, faults, strict=False)]
    ends = [*failed[1:], math.inf]
    return [_outcome(running, *each) for each in zip(failed, ends, strict=True)]


def _fails(running: Load, worker: Process, how: signal.Signals) -> float:
    """Do this to a worker's engine core, see the worker end and leave nothing; return when."""
    family = psutil.Process(worker.pid).children(recursive=True)
    (core,) = engine_cores(family)
    segments = shared_memory(psutil.Process(worker.pid))
    failed = time.monotonic()
    core.send_signal(how)
    assert worker.process.wait(60) == 1
    _gone, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert not any(segment.exists() for segment in segments)
    running.wait_for_answers(2 * STEADY, time.monotonic())
    return failed


def _outcome(running: Load, since: float, until: float) -> Outcome:
    """Count requests that were under way at the fault, too: they are what it hits."""
    answers = running.ended(since, until)
    longest = max(answer.ended - answer.begun for answer in answers)
    saw = seen_text(Counter(answer.saw for answer in answers))
    return Outcome(saw, sum(answer.lost for answer in answers), longest)
