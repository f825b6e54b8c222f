"""What a sweep leaves behind: one JSON line per finished trial, and a table of them all.

`trials.jsonl` only grows, and each line is on disk before the next trial starts: a sweep that is
killed loses the trial in flight and nothing else. `results.csv` is made from it again and again.
"""

import csv
import dataclasses
import fcntl
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dynamo.tuning.metrics import Distribution, Metrics
from dynamo.tuning.trial import Measurement, Outcome, Seconds, TrialResult

TRIALS_FILE = "trials.jsonl"
TABLE_FILE = "results.csv"


class DirectoryInUseError(RuntimeError):
    """Another sweep is writing to the directory."""


class Records:
    """The append-only record of a sweep's directory, locked while it is open."""

    def __init__(self, directory: Path) -> None:
        """Open or make the record.

        Raises:
            DirectoryInUseError: another process has it open.
        """
        self._directory = directory
        self._file = (directory / TRIALS_FILE).open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise DirectoryInUseError(f"another sweep is writing to {directory}") from None
        self._cut_torn_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self) -> list[TrialResult]:
        """Return all recorded results, oldest first."""
        self._file.seek(0)
        return [result_from_json(json.loads(line)) for line in self._file]

    def append(self, result: TrialResult) -> None:
        """Write one result so that it survives whatever comes next."""
        line = json.dumps(dataclasses.asdict(result), separators=(",", ":"))
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def write_table(self, results: Iterable[TrialResult]) -> None:
        """Replace `results.csv` at once, so that a reader never sees half of it."""
        path = self._directory / TABLE_FILE
        draft = path.with_suffix(".csv.tmp")
        draft.write_text(table_text(list(results)))
        draft.replace(path)

    def _cut_torn_line(self) -> None:
        """Drop the half line that a killed process left at the end."""
        self._file.seek(0)
        content = self._file.read()
        self._file.truncate(content.rfind(b"\n") + 1)


def result_from_json(values: Mapping[str, Any]) -> TrialResult:
    """Return the result that `dataclasses.asdict` had made into JSON."""
    measurement = values["measurement"]
    metrics = measurement["metrics"]
    return TrialResult(
        number=values["number"],
        overrides=tuple(values["overrides"]),
        key=values["key"],
        engine_key=values["engine_key"],
        versions=values["versions"],
        measurement=Measurement(
            outcome=Outcome(measurement["outcome"]),
            error=measurement["error"],
            log_file=measurement["log_file"],
            metrics=None if metrics is None else _metrics_from_json(metrics),
            seconds=Seconds(**measurement["seconds"]),
            startup=measurement["startup"],
        ),
    )


def _metrics_from_json(values: Mapping[str, Any]) -> Metrics:
    revived: dict[str, Any] = {
        name: Distribution(**value) if isinstance(value, dict) else value
        for name, value in values.items()
    }
    return Metrics(**revived)


def table_text(results: Sequence[TrialResult]) -> str:
    """Return the results as CSV: one row per trial, in order of their numbers."""
    rows = [_row(result) for result in sorted(results, key=lambda result: result.number)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def split_override(override: str) -> tuple[str, str]:
    """Split `+key=value` into key and value."""
    key, _, value = override.lstrip("+").partition("=")
    return key, value


def _row(result: TrialResult) -> dict[str, object]:
    measurement = result.measurement
    row: dict[str, object] = {"number": result.number, "outcome": str(measurement.outcome)}
    row |= dict(map(split_override, result.overrides))
    if measurement.metrics is not None:
        row |= _flat_metrics(measurement.metrics)
    seconds = dataclasses.asdict(measurement.seconds)
    row |= {f"seconds_{part}": f"{value:.3f}" for part, value in seconds.items()}
    row |= {"error": measurement.error, "log_file": measurement.log_file, "key": result.key}
    return row


def _flat_metrics(metrics: Metrics) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in dataclasses.asdict(metrics).items():
        if isinstance(value, dict):
            flat |= {f"{name}_{statistic}": f"{v:.6f}" for statistic, v in value.items()}
        elif value is not None:
            flat[name] = f"{value:.6f}" if isinstance(value, float) else value
    return flat
