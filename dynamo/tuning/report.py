"""What a sweep shows: a line per trial, progress in a terminal, a table and a time budget."""

import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from dynamo.tuning.bench import Progress
from dynamo.tuning.metrics import Distribution
from dynamo.tuning.records import TABLE_FILE, split_override
from dynamo.tuning.trial import Outcome, Seconds, Trial, TrialResult

_WIDTH_WITHOUT_TERMINAL = 160

METRIC_COLUMNS = (
    "TTFT p50 ms",
    "TTFT p95 ms",
    "TPOT p50 ms",
    "TPOT p95 ms",
    "output tok/s",
    "req/s",
)


def terminal_report(directory: Path) -> "Report":
    """Return the report on stdout: live in a terminal, plain lines otherwise."""
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Report(Console(width=width), directory)


class Report:
    """Follows one sweep."""

    def __init__(self, console: Console, directory: Path) -> None:
        self._console = console
        self._directory = directory
        self._total = 0
        self._varying: list[str] = []
        self._label_now = ""
        self._began_at = 0.0
        self._spent: list[Seconds] = []
        self._bar = ProgressBar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", visible=False)

    def begin(self, trials: Sequence[Trial]) -> None:
        """Say how many trials there are."""
        self._total = len(trials)
        self._varying = varying_overrides(trials)
        self._began_at = time.perf_counter()
        where = escape(str(self._directory))
        self._console.print(f"{_count(len(trials), 'trial')}, recorded in {where}", soft_wrap=True)
        self._bar.start()

    def trial_begins(self, trial: Trial) -> None:
        """Show which trial runs."""
        self._label_now = self._label(trial)
        self._bar.reset(self._task, description=self._label_now, total=None, visible=True)

    def progress(self, progress: Progress) -> None:
        """Show how far the running trial is."""
        self._bar.update(
            self._task,
            description=f"{self._label_now}: {progress.stage}",
            completed=progress.finished,
            total=progress.total or None,
        )

    def trial_ends(self, result: TrialResult, *, taken_over: bool) -> None:
        """Say in one line what became of a trial."""
        if not taken_over:
            self._spent.append(result.measurement.seconds)
        note = " (recorded earlier)" if taken_over else ""
        line = f"{self._label(result)}: {escape(_summary(result))}{note}"
        self._console.print(line, soft_wrap=True, highlight=False)

    def end(self, results: Sequence[TrialResult]) -> None:
        """Print the table of all results and where the seconds went."""
        self._bar.stop()
        wall = time.perf_counter() - self._began_at
        if results:
            self._console.print(result_table(results))
        if len(results) < self._total:
            self._console.print(
                f"Interrupted: {_count(self._total - len(results), 'trial')} did not run."
            )
        self._console.print(time_budget(self._spent, wall), soft_wrap=True)
        table_file = escape(str(self._directory / TABLE_FILE))
        self._console.print(f"Table: {table_file}", soft_wrap=True)

    def _label(self, trial: Trial | TrialResult) -> str:
        """Name the trial by its number and by what distinguishes it."""
        values = dict(map(split_override, trial.overrides))
        named = zip(_short_names(self._varying), self._varying, strict=True)
        parts = (f"{name}={values[key]}" for name, key in named if key in values)
        return escape(" ".join((f"trial {trial.number}", *parts)))


def result_table(results: Sequence[TrialResult]) -> Table:
    """Return one row per trial, with only those overrides that differ between trials."""
    varying = varying_overrides(results)
    table = Table(*("trial", *_short_names(varying), *METRIC_COLUMNS, "outcome"))
    for result in sorted(results, key=lambda result: result.number):
        values = dict(map(split_override, result.overrides))
        row = [str(result.number), *(values.get(key, "") for key in varying), *_cells(result)]
        table.add_row(*map(escape, row))
    return table


def varying_overrides(trials: Sequence[Trial | TrialResult]) -> list[str]:
    """Return the keys whose values are not the same in all trials, in order of appearance."""
    points = [dict(map(split_override, trial.overrides)) for trial in trials]
    keys = dict.fromkeys(key for point in points for key in point)
    return [key for key in keys if len({point.get(key) for point in points}) > 1]


def time_budget(spent: Sequence[Seconds], wall: float) -> str:
    """Return where the wall time went, in one line."""
    if not spent:
        return f"{wall:.1f} s, no trial was run."
    parts = {part.name: sum(getattr(s, part.name) for s in spent) for part in fields(Seconds)}
    measured = parts.pop("measured")
    parts["other"] = wall - measured - sum(parts.values())
    starts = sum(1 for seconds in spent if seconds.engine_start)
    rest = ", ".join(f"{name.replace('_', ' ')} {value:.1f} s" for name, value in parts.items())
    return (
        f"{wall:.1f} s with {_count(starts, 'engine start')}: measured traffic {measured:.1f} s "
        f"({measured / wall:.0%}), {rest}"
    )


def _short_names(keys: Sequence[str]) -> list[str]:
    """Return the last part of each key, or the whole key where that is not unique."""
    last = [key.rpartition(".")[2] for key in keys]
    return [name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _summary(result: TrialResult) -> str:
    measurement = result.measurement
    if measurement.outcome is not Outcome.OK:
        log = f" (log: {measurement.log_file})" if measurement.log_file else ""
        return f"{measurement.outcome}: {measurement.error}{log}"
    named = zip(METRIC_COLUMNS, _cells(result), strict=False)
    return "ok: " + ", ".join(f"{name} {value}" for name, value in named if value)


def _cells(result: TrialResult) -> list[str]:
    metrics = result.measurement.metrics
    outcome = str(result.measurement.outcome)
    if metrics is None:
        return [*("" for _ in METRIC_COLUMNS), outcome]
    return [
        *_milliseconds(metrics.ttft),
        *_milliseconds(metrics.tpot),
        f"{metrics.output_tokens_per_second:.1f}",
        f"{metrics.requests_per_second:.2f}",
        outcome,
    ]


def _milliseconds(values: Distribution | None) -> tuple[str, str]:
    if values is None:
        return "", ""
    return f"{values.p50 * 1e3:.2f}", f"{values.p95 * 1e3:.2f}"
