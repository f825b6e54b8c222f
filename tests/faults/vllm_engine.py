"""A real vLLM engine is killed, and another one hangs; a third goes on serving.

The time until requests are answered again is the longest that any client waited.
"""

import math
import signal
import time
from collections import Counter

import psutil  # type: ignore[import-untyped]

from tests.e2e.engines import engine_cores, shared_memory
from tests.e2e.fleet import Process
from tests.e2e.tiny_llama import vllm_settings
from tests.faults.load import Load, load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.stage import CLIENTS, STEADY, Stage

STALL_SECONDS = 5
START_SECONDS = 240
KILLED = "vLLM's engine core of one of three workers killed with kill -9"
STOPPED = f"vLLM's engine core of one of two workers hangs (SIGSTOP; stall limit {STALL_SECONDS} s)"


def killed_and_stopped(stage: Stage) -> dict[str, Outcome]:
    """Two of three workers lose their engine, one after the other; requests move to the third."""
    fleet = stage.fleet(
        "store=file", "runtime.migration_limit=3", f"health.engine_stall_seconds={STALL_SECONDS}"
    )
    workers = [fleet.start(*vllm_settings(stage.model), "frontend=none") for _ in range(3)]
    for worker in workers:
        worker.wait_for("ready: ", START_SECONDS)
    fleet.frontend()
    fleet.wait_until_listed()
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(2 * STEADY, 0.0)
        killed = _fails(running, workers[0], signal.SIGKILL)
        stopped = _fails(running, workers[1], signal.SIGSTOP)
    return {
        KILLED: _outcome(running, killed, stopped),
        STOPPED: _outcome(running, stopped, math.inf),
    }


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
