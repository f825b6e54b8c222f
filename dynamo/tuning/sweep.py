"""Runs trials one after the other, so that as few engines as possible are started."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from dynamo.engines.registry import build_engine
from dynamo.tuning.host import EngineHost
from dynamo.tuning.pool import BuildEngine
from dynamo.tuning.process import TimeLimits
from dynamo.tuning.records import DirectoryInUseError, Records
from dynamo.tuning.report import Report, terminal_report
from dynamo.tuning.trial import Measurement, Outcome, Trial, TrialResult, trial_key
from dynamo.tuning.versions import installed_versions


class InterruptedSweepError(KeyboardInterrupt):
    """SIGINT or SIGTERM asked the sweep to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run_sweep(
    trials: Sequence[Trial],
    directory: Path,
    report: Report | None = None,
    build: BuildEngine = build_engine,
    limits: TimeLimits | None = None,
) -> int:
    """Run all trials and return the exit status: 0 when at least one trial is ok, else 1.

    Records, table and engine logs go to `directory`. Trials that are recorded there as ok, under
    the same resolved plan and versions, are not run again. On SIGINT or SIGTERM the engine is
    stopped, what is finished stays recorded, and the status is 128 plus the signal's number. It is
    2 when another sweep is writing to the directory.
    """
    report = report or terminal_report(directory)
    host = EngineHost(directory, build, limits or TimeLimits())
    try:
        with Records(directory) as records, _signals_raise():
            return _Sweep(trials, host, records, report).run()
    except InterruptedSweepError as interrupt:
        return 128 + interrupt.number
    except DirectoryInUseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def in_running_order(trials: Sequence[Trial]) -> list[Trial]:
    """Group trials by process environment and then by engine, each by its first appearance.

    Trials without a plan come first: they cost nothing.
    """
    engines = [trial.plan.engine for trial in trials if trial.plan is not None]
    environments = [engine.environment for engine in engines]
    keys = [engine.key for engine in engines]

    def rank(trial: Trial) -> tuple[int, int, int]:
        if trial.plan is None:
            return (-1, -1, trial.number)
        engine = trial.plan.engine
        return (environments.index(engine.environment), keys.index(engine.key), trial.number)

    return sorted(trials, key=rank)


class _Sweep:
    """The state of one run: the results so far, by trial and by key."""

    def __init__(
        self, trials: Sequence[Trial], host: EngineHost, records: Records, report: Report
    ) -> None:
        self._trials = trials
        self._host = host
        self._records = records
        self._report = report
        self._finished = {r.key: r for r in records.read() if r.measurement.outcome is Outcome.OK}
        self._results: dict[int, TrialResult] = {}

    def run(self) -> int:
        self._report.begin(self._trials)
        try:
            for trial in in_running_order(self._trials):
                self._run_trial(trial)
        finally:
            try:
                self._host.close()
            finally:
                self._report.end(list(self._results.values()))
        succeeded = any(r.measurement.outcome is Outcome.OK for r in self._results.values())
        return 0 if succeeded else 1

    def _run_trial(self, trial: Trial) -> None:
        versions = installed_versions(trial.plan.engine.backend) if trial.plan else {}
        key = trial_key(trial.plan, versions) if trial.plan else ""
        engine_key = trial.plan.engine.key if trial.plan else ""
        self._report.trial_begins(trial)
        earlier = self._finished.get(key)
        measurement = earlier.measurement if earlier else self._measure(trial)
        result = TrialResult(trial.number, trial.overrides, key, engine_key, versions, measurement)
        self._results[trial.number] = result
        if earlier is None:
            self._records.append(result)
            if measurement.outcome is Outcome.OK:
                self._finished[key] = result
        self._records.write_table(self._results.values())
        self._report.trial_ends(result, taken_over=earlier is not None)

    def _measure(self, trial: Trial) -> Measurement:
        if trial.plan is None:
            text = "; ".join(f"{p.path}={p.value}: {p.message}" for p in trial.problems)
            return Measurement(Outcome.INVALID, text)
        return self._host.measure(trial.plan, self._report.progress)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into an exception, so that everything is cleaned up on the way."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise InterruptedSweepError(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
