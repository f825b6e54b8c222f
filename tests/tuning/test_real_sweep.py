"""The sweep as a user types it, on real vLLM with a real model."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dynamo.tuning.records import TABLE_FILE, TRIALS_FILE
from tests.e2e.backends import SGLANG, installed
from tests.e2e.servers import ONE_THREAD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
LOAD = (
    "workload.num_requests=4",
    "workload.input_tokens=32",
    "workload.output_tokens=4",
    "workload.warmup_requests=1",
)
SMALL = (
    "backend=vllm",
    "backend.engine.max_model_len=512",
    "backend.environment.VLLM_CPU_KVCACHE_SPACE='1'",
    *LOAD,
)


def sglang_command(directory: Path) -> list[str]:
    """Return a sweep of two loads on one engine."""
    return [
        str(installed(SGLANG).python), "launch.py", "-m", "action=bench", *SGLANG.server, *LOAD,
        ONE_THREAD, "workload.concurrency=1,4", f"hydra.sweep.dir={directory}",
    ]  # fmt: skip


def command(directory: Path, *overrides: str) -> list[str]:
    where = f"hydra.sweep.dir={directory}"
    return [sys.executable, "launch.py", "-m", "action=bench", *SMALL, *overrides, where]


def run(directory: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(directory, *overrides), cwd=ROOT, capture_output=True, text=True, check=False
    )


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / TRIALS_FILE).read_text().splitlines()]


def shared_memory() -> set[Path]:
    return set(Path("/dev/shm").iterdir())


def processes_with(text: str) -> list[int]:
    """Return the processes that were started with a text in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_sglang_is_measured_as_well_and_used_again_for_the_next_load(tmp_path: Path) -> None:
    before = shared_memory()
    done = subprocess.run(
        sglang_command(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    measured = [trial["measurement"] for trial in lines(tmp_path)]
    assert [each["outcome"] for each in measured] == ["ok", "ok"]
    assert [each["metrics"]["output_tokens"] for each in measured] == [16, 16]
    assert len(list(tmp_path.glob("engine-*.log"))) == 1
    assert shared_memory() <= before
    assert processes_with(str(tmp_path)) == []


def test_the_first_sweep_runs_four_points_on_two_engines_and_never_repeats_them(
    tmp_path: Path,
) -> None:
    points = ("backend.engine.max_num_seqs=4,16", "workload.concurrency=1,8")
    first = run(tmp_path, *points)
    assert first.returncode == 0, first.stdout + first.stderr
    rows = list(csv.DictReader((tmp_path / TABLE_FILE).read_text().splitlines()))
    swept = [(r["backend.engine.max_num_seqs"], r["workload.concurrency"]) for r in rows]
    assert swept == [("4", "1"), ("4", "8"), ("16", "1"), ("16", "8")]
    assert [row["outcome"] for row in rows] == ["ok"] * 4
    assert [row["output_tokens"] for row in rows] == ["16"] * 4
    assert all(float(row["output_tokens_per_second"]) > 0 for row in rows)
    assert len(list(tmp_path.glob("engine-*.log"))) == 2

    written = (tmp_path / TRIALS_FILE).read_bytes()
    assert run(tmp_path, *points).returncode == 0
    assert (tmp_path / TRIALS_FILE).read_bytes() == written


def test_a_point_that_vllm_refuses_is_recorded_with_its_reason_and_the_other_runs(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, "backend.engine.max_model_len=10000000,512")
    assert done.returncode == 0, done.stdout + done.stderr
    failed, succeeded = (line["measurement"] for line in lines(tmp_path))
    # What the model's own configuration forbids is known before the engine starts.
    assert (failed["outcome"], succeeded["outcome"]) == ("invalid", "ok")
    assert "max_model_len" in failed["error"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_sweep_ends_it_leaves_nothing_and_can_be_continued(
    tmp_path: Path, number: signal.Signals
) -> None:
    before, points = shared_memory(), ("workload.num_requests=4,400", "workload.concurrency=2")
    mark = f"SWEEP_UNDER_TEST={tmp_path}"
    environment = {**os.environ, "SWEEP_UNDER_TEST": str(tmp_path)}
    sweep = subprocess.Popen(
        command(tmp_path, *points), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not _recorded(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    sweep.send_signal(number)
    status = sweep.wait(60)
    assert status == (-number if number == signal.SIGKILL else 128 + number)
    while processes_with(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with(mark) == []
    assert shared_memory() - before == set()
    assert [line["measurement"]["outcome"] for line in lines(tmp_path)] == ["ok"]


def _recorded(directory: Path) -> bool:
    path = directory / TRIALS_FILE
    return path.exists() and path.stat().st_size > 0
