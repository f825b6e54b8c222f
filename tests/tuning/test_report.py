"""What a sweep prints."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from dynamo.tuning.bench import Progress
from dynamo.tuning.report import Report, time_budget, varying_overrides
from dynamo.tuning.trial import Measurement, Outcome, Seconds, Trial, TrialResult
from tests.tuning.test_records import METRICS


def result(number: int, *overrides: str, measurement: Measurement | None = None) -> TrialResult:
    measured = measurement or Measurement(Outcome.OK, metrics=METRICS, seconds=Seconds(measured=4))
    return TrialResult(number, overrides, f"key{number}", "engine", {}, measured)


def printed(results: list[TrialResult], missing: int = 0, *, terminal: bool = False) -> str:
    text = io.StringIO()
    console = Console(file=text, width=160, force_terminal=terminal)
    report = Report(console, Path("sweep"))
    trials = [Trial(each.number, each.overrides, None) for each in results]
    report.begin(trials + [Trial(100 + i, (), None) for i in range(missing)])
    for trial, each in zip(trials, results, strict=True):
        report.trial_begins(trial)
        report.progress(Progress("measuring", 1, 2))
        report.trial_ends(each, taken_over=each.number == 9)
    report.end(results)
    return text.getvalue()


def test_only_overrides_that_differ_become_columns() -> None:
    results = [result(0, "a.x=1", "a.y=1"), result(1, "a.x=2", "a.y=1"), result(2, "a.y=1")]
    assert varying_overrides(results) == ["a.x"]


def test_the_table_shows_latencies_throughput_and_outcome_of_every_trial() -> None:
    failed = Measurement(Outcome.CRASHED, "EngineDeadError: gone", "engine-001.log")
    text = printed([result(0, "a.x=1"), result(1, "a.x=2", measurement=failed)])
    rows = [line.split() for line in text.splitlines() if line.startswith("│")]
    assert [word for word in rows[0] if word != "│"] == [
        *("0", "1", "400.00", "490.00", "200.00", "200.00", "4.4", "2.22", "ok")
    ]
    assert [word for word in rows[1] if word != "│"] == ["1", "2", "crashed"]
    assert "trial 1 x=2: crashed: EngineDeadError: gone (log: engine-001.log)" in text


def test_keys_with_the_same_last_part_are_shown_in_full() -> None:
    text = printed([result(0, "a.x=1", "b.x=1"), result(1, "a.x=2", "b.x=2")])
    (header,) = (line for line in text.splitlines() if "outcome" in line)
    assert header.split("┃")[2:4] == [" a.x ", " b.x "]


def test_markup_in_overrides_is_printed_as_it_is() -> None:
    assert "a=[red]" in printed([result(0, "a=[red]"), result(1, "a=1")])


def test_a_result_taken_over_is_marked_and_costs_nothing() -> None:
    text = printed([result(9)])
    assert "(recorded earlier)" in text
    assert "no trial was run" in text


def test_an_interrupted_sweep_says_how_many_trials_did_not_run() -> None:
    assert "Interrupted: 2 trials did not run." in printed([result(0)], missing=2)


def test_a_terminal_shows_progress_and_plain_output_does_not() -> None:
    assert "measuring" in printed([result(0)], terminal=True)
    assert "measuring" not in printed([result(0)])


@pytest.mark.parametrize(
    ("spent", "wall", "expected"),
    [
        (
            [Seconds(engine_start=2.0, measured=5.0), Seconds(reset=0.5, measured=1.0)],
            10.0,
            (
                "10.0 s with 1 engine start: measured traffic 6.0 s (60%), engine stop 0.0 s, "
                "engine start 2.0 s, reset 0.5 s, warmup 0.0 s, other 1.5 s"
            ),
        ),
        ([], 0.5, "0.5 s, no trial was run."),
    ],
)
def test_the_time_budget_adds_up_to_the_wall_time(
    spent: list[Seconds], wall: float, expected: str
) -> None:
    assert time_budget(spent, wall) == expected
