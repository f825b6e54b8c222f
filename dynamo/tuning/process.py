"""The sweep's side of the process in which engines run."""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.tuning.bench import OnProgress, Progress
from dynamo.tuning.child import serve
from dynamo.tuning.outcome import cause, classify, log_since
from dynamo.tuning.pool import BuildEngine
from dynamo.tuning.trial import Measurement, Outcome


@dataclass(frozen=True)
class TimeLimits:
    """How long to wait for a sign of life, in seconds, before a trial counts as timed out."""

    engine_start: float = 1800.0
    """For the engine to be ready; large models take many minutes."""
    token: float = 600.0
    """For the next token of any of the running requests."""
    stop: float = 60.0
    """For the engine to end in good order before it is killed."""


class BenchProcess:
    """One child process and the engine in it; `close` must be called."""

    def __init__(
        self,
        environment: Mapping[str, str],
        directory: Path,
        build: BuildEngine,
        limits: TimeLimits,
    ) -> None:
        self._directory = directory
        self._limits = limits
        # A fresh interpreter: engine libraries read the environment when they are imported.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, dict(environment), directory, build), name="bench"
        )
        self._process.start()
        theirs.close()
        # Processes that the engine forks inherit the other ends of sentinel and connection, so
        # that neither shows the end of the child while one of those lives; this does.
        self._end_of_child = os.pidfd_open(self._process.pid or 0)

    @property
    def is_usable(self) -> bool:
        """False once the process has ended or was closed."""
        return not self._connection.closed and self._process.is_alive()

    def measure(self, plan: LaunchPlan, on_progress: OnProgress) -> Measurement:
        """Run one trial; afterwards the process may be unusable, which the outcome tells."""
        try:
            self._connection.send(plan)
            return self._await_measurement(on_progress)
        except TimeoutError as error:
            self._end()
            return self._failed(Outcome.TIMED_OUT, error)
        except (EOFError, OSError):
            last_words = self._last_words()
            self._end()
            return self._failed(Outcome.CRASHED, ChildProcessError(last_words))

    def close(self) -> None:
        """Let the engine stop in good order, then make sure that nothing is left."""
        self._connection.close()
        try:
            wait([self._end_of_child], self._limits.stop)
        finally:
            self._end()
            os.close(self._end_of_child)

    def _await_measurement(self, on_progress: OnProgress) -> Measurement:
        limit = self._limits.engine_start
        while True:
            ready = wait([self._connection, self._end_of_child], limit)
            if not ready:
                raise TimeoutError(f"no sign of life for {limit:.0f} s")
            if self._connection not in ready and not self._connection.poll():
                raise EOFError
            message = self._connection.recv()
            if isinstance(message, Measurement):
                return message
            if isinstance(message, Progress):
                on_progress(message)
                is_starting = message.stage == "engine start"
                limit = self._limits.engine_start if is_starting else self._limits.token

    def _failed(self, outcome: Outcome, error: BaseException) -> Measurement:
        logs = sorted(self._directory.glob("engine-*.log"))
        text = log_since(logs[-1], 0) if logs else ""
        if outcome is Outcome.CRASHED:
            outcome = classify(error, text, outcome)
        return Measurement(outcome, cause(error, text), logs[-1].name if logs else "")

    def _last_words(self) -> str:
        wait([self._end_of_child], self._limits.stop)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"the engine's process was ended by {signal.Signals(-code).name}"
        return f"the engine's process ended with status {code}"

    def _end(self) -> None:
        """Kill what is left of the session."""
        self._connection.close()
        for process in _members(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.kill()
        self._process.join()


def _members(session: int | None) -> list[int]:
    """Return the processes of a session, dead but unreaped ones among them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[3]) == session:
                    found.append(int(entry.name))
    return found
