"""Whole sweeps on the mock engine, in real processes."""

import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dynamo.config.plan import EnginePlan
from dynamo.config.problems import Problem
from dynamo.engines.base import EngineInfo
from dynamo.engines.mocker.engine import MockEngine
from dynamo.tuning.process import TimeLimits
from dynamo.tuning.records import TABLE_FILE, TRIALS_FILE, Records
from dynamo.tuning.report import Report
from dynamo.tuning.sweep import in_running_order, run_sweep
from dynamo.tuning.trial import Trial
from tests.tuning.plans import engine_plan, trial

pytestmark = pytest.mark.slow

PATIENT = TimeLimits(engine_start=60.0, token=60.0, stop=10.0)
IMPATIENT = TimeLimits(engine_start=60.0, token=2.0, stop=1.0)


class LoudEngine(MockEngine):
    """Writes to stdout and to file descriptor 2, as real engines and their libraries do."""

    async def start(self) -> EngineInfo:
        print("starting, OMP_NUM_THREADS is", os.environ.get("OMP_NUM_THREADS"))
        os.write(2, b"written below Python\n")
        return await super().start()


class SuicidalEngine(MockEngine):
    """Takes its process with it, but not the processes that it has started."""

    async def start(self) -> EngineInfo:
        _fork_stubborn_process()
        os.kill(os.getpid(), signal.SIGKILL)
        return await super().start()


class ForkingEngine(MockEngine):
    """Has a process of its own, which outlives any polite request."""

    async def start(self) -> EngineInfo:
        print("child", _fork_stubborn_process())
        return await super().start()


def _fork_stubborn_process() -> int:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
    return pid


def sweep(
    directory: Path,
    trials: Sequence[Trial],
    build: Any = MockEngine,
    limits: TimeLimits = PATIENT,
) -> int:
    report = Report(Console(file=io.StringIO(), width=160), directory)
    return run_sweep(trials, directory, report, build, limits)


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / TRIALS_FILE).read_text().splitlines()]


def outcomes(directory: Path) -> dict[int, str]:
    return {line["number"]: line["measurement"]["outcome"] for line in lines(directory)}


def assert_nothing_is_left() -> None:
    assert multiprocessing.active_children() == []


def test_trials_run_grouped_by_environment_and_engine_in_order_of_appearance() -> None:
    one, two = engine_plan(max_num_seqs=1), engine_plan(max_num_seqs=2)
    far = engine_plan({"OMP_NUM_THREADS": "1"}, max_num_seqs=1)
    trials = [trial(0, two), trial(1, far), trial(2, one), trial(3, two), Trial(4, (), None)]
    assert [each.number for each in in_running_order(trials)] == [4, 0, 3, 2, 1]


def test_an_engine_starts_once_for_all_its_trials(tmp_path: Path) -> None:
    one, two = engine_plan(max_num_seqs=1), engine_plan(max_num_seqs=2)
    trials = [trial(i, (one, two)[i % 2], concurrency=i + 1) for i in range(6)]
    assert sweep(tmp_path, trials) == 0
    starts = [line["measurement"]["seconds"]["engine_start"] > 0 for line in lines(tmp_path)]
    assert starts == [True, False, False, True, False, False]
    assert len(list(tmp_path.glob("engine-*.log"))) == 2
    assert_nothing_is_left()


def test_failing_trials_are_recorded_and_the_others_run(tmp_path: Path) -> None:
    problem = Problem("workload.concurrency", -1, "must be at least 1")
    trials = [
        trial(0, engine_plan(fail="start")),
        trial(1),
        trial(2, engine_plan(fail="crash", crash_after_requests=1)),
        trial(3, engine_plan(fail="out_of_memory", out_of_memory_above=8, max_num_seqs=9)),
        trial(4, engine_plan(fail="out_of_memory", out_of_memory_above=8, max_num_seqs=8)),
        Trial(5, (), None, (problem,)),
        trial(6, concurrency=3),
    ]
    assert sweep(tmp_path, trials) == 0
    assert outcomes(tmp_path) == {
        0: "start_failed",
        1: "ok",
        2: "crashed",
        3: "out_of_memory",
        4: "ok",
        5: "invalid",
        6: "ok",
    }
    errors = {line["number"]: line["measurement"]["error"] for line in lines(tmp_path)}
    assert errors[5] == "workload.concurrency=-1: must be at least 1"
    assert_nothing_is_left()


def test_the_status_is_1_when_no_trial_is_ok(tmp_path: Path) -> None:
    assert sweep(tmp_path, [trial(0, engine_plan(fail="start"))]) == 1


def test_a_start_that_hangs_times_out(tmp_path: Path) -> None:
    limits = replace(IMPATIENT, engine_start=2.0)
    assert sweep(tmp_path, [trial(0, engine_plan(startup_seconds=600))], limits=limits) == 1
    assert outcomes(tmp_path) == {0: "timed_out"}


def test_a_load_that_hangs_times_out_and_the_next_trial_runs(tmp_path: Path) -> None:
    hangs = trial(0, engine_plan(decode_step_seconds=600))
    assert sweep(tmp_path, [hangs, trial(1)], limits=IMPATIENT) == 0
    assert outcomes(tmp_path) == {0: "timed_out", 1: "ok"}
    assert lines(tmp_path)[0]["measurement"]["error"] == "TimeoutError: no sign of life for 2 s"


def test_an_engine_that_takes_its_process_down_is_a_crash(tmp_path: Path) -> None:
    assert sweep(tmp_path, [trial(0), trial(1, concurrency=3)], SuicidalEngine) == 1
    assert outcomes(tmp_path) == {0: "crashed", 1: "crashed"}
    assert "ended by SIGKILL" in lines(tmp_path)[0]["measurement"]["error"]


def test_engine_output_goes_to_its_log_at_descriptor_level(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert sweep(tmp_path, [trial(0)], LoudEngine) == 0
    (log,) = tmp_path.glob("engine-*.log")
    assert log.name == lines(tmp_path)[0]["measurement"]["log_file"]
    assert sorted(log.read_text().splitlines()) == [
        "starting, OMP_NUM_THREADS is None",
        "written below Python",
    ]
    assert capfd.readouterr() == ("", "")


def test_each_environment_is_in_place_before_its_engine_is_built(tmp_path: Path) -> None:
    trials = [trial(i, engine_plan({"OMP_NUM_THREADS": str(i)})) for i in (3, 4)]
    assert sweep(tmp_path, trials, LoudEngine) == 0
    seen = sorted(log.read_text() for log in tmp_path.glob("engine-*.log"))
    assert ["THREADS is 3" in seen[0], "THREADS is 4" in seen[1]] == [True, True]
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_same_directory_continues_without_running_ok_trials_again(tmp_path: Path) -> None:
    failing = trial(1, engine_plan(fail="start"))
    assert sweep(tmp_path, [trial(0), failing]) == 0
    assert sweep(tmp_path, [trial(5), failing, trial(6, concurrency=7)]) == 0
    assert [line["number"] for line in lines(tmp_path)] == [0, 1, 6, 1]
    table = (tmp_path / TABLE_FILE).read_text().splitlines()
    assert [row.split(",")[:2] for row in table[1:]] == [
        ["1", "start_failed"],
        ["5", "ok"],
        ["6", "ok"],
    ]


def test_a_directory_that_another_sweep_uses_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Records(tmp_path):
        assert sweep(tmp_path, [trial(0)]) == 2
    assert "another sweep is writing" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_a_failed_start(tmp_path: Path) -> None:
    plan = replace(engine_plan(model="/nowhere/model"), backend="vllm")
    assert sweep(tmp_path, [trial(0, plan)]) == 1
    assert outcomes(tmp_path) == {0: "start_failed"}
    assert "/nowhere/model" in lines(tmp_path)[0]["measurement"]["error"]


def test_equal_trials_are_measured_once(tmp_path: Path) -> None:
    assert sweep(tmp_path, [trial(0), trial(1)]) == 0
    assert [line["number"] for line in lines(tmp_path)] == [0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_engine_and_keeps_what_is_finished(
    tmp_path: Path, number: signal.Signals
) -> None:
    def interrupt_second_trial() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if len(list(tmp_path.glob("engine-*.log"))) == 2:
                os.kill(os.getpid(), number)
                return
            time.sleep(0.01)

    slow = engine_plan(decode_step_seconds=0.2)
    before = signal.getsignal(number)
    watcher = threading.Thread(target=interrupt_second_trial)
    watcher.start()
    assert sweep(tmp_path, [trial(0), trial(1, slow, num_requests=50)]) == 128 + number
    watcher.join()
    assert outcomes(tmp_path) == {0: "ok"}
    assert (tmp_path / TABLE_FILE).read_text().count("\n") == 2
    assert signal.getsignal(number) == before
    assert_nothing_is_left()


@pytest.mark.parametrize("step_seconds", [0.001, 600], ids=["after success", "after a time-out"])
def test_processes_of_the_engine_do_not_outlive_the_sweep(
    tmp_path: Path, step_seconds: float
) -> None:
    point = trial(0, engine_plan(decode_step_seconds=step_seconds))
    sweep(tmp_path, [point], ForkingEngine, IMPATIENT)
    (log,) = tmp_path.glob("engine-*.log")
    pid = int(log.read_text().split()[1])
    deadline = time.monotonic() + 5
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(pid)


def _sweep_forever(directory: Path) -> None:
    sweep(directory, [trial(0, engine_plan(decode_step_seconds=0.2), num_requests=500)])


def test_a_killed_sweep_takes_its_engine_process_with_it(tmp_path: Path) -> None:
    victim = multiprocessing.get_context("spawn").Process(target=_sweep_forever, args=(tmp_path,))
    victim.start()
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("engine-*.log")) and time.monotonic() < deadline:
        time.sleep(0.01)
    benches = _children(victim.pid)
    assert benches
    victim.kill()
    victim.join()
    while any(map(_is_running, benches)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_is_running, benches))


def _is_running(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _children(pid: int | None) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == pid:
                found.append(int(entry.name))
    return found


def _unused(plan: EnginePlan) -> MockEngine:
    raise AssertionError("no engine may be built")


def test_a_sweep_of_invalid_trials_starts_no_process(tmp_path: Path) -> None:
    assert sweep(tmp_path, [Trial(0, ("a=1",), None)], _unused) == 1
    assert outcomes(tmp_path) == {0: "invalid"}


def test_planning_a_sweep_imports_no_engine() -> None:
    code = (
        "import sys, dynamo.tuning.sweep; print([m for m in ('torch', 'vllm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
