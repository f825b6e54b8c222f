"""What means nothing without the fleet is removed with its last process."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynamo.fleet.scratch import scratch

pytestmark = pytest.mark.e2e

HOLD = """
import os, subprocess, sys, time
from pathlib import Path
from dynamo.fleet.scratch import scratch
with scratch([Path(sys.argv[1])]) as inherited:
    member = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE, pass_fds=(inherited,),
    )
    print("holding", flush=True)
    time.sleep(60)
"""


def filled(directory: Path) -> Path:
    directory.mkdir()
    (directory / "entry").write_text("a")
    return directory


def test_directories_are_there_while_the_fleet_is(tmp_path: Path) -> None:
    store, logs = filled(tmp_path / "store"), filled(tmp_path / "logs")
    with scratch([store, tmp_path / "never-made"]):
        assert store.exists()
    assert not store.exists()
    assert logs.exists()


def test_they_go_with_the_last_process_when_the_fleet_is_killed(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    fleet = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert fleet.stdout is not None
    assert fleet.stdout.readline() == "holding\n"
    fleet.kill()
    fleet.communicate()
    deadline = time.monotonic() + 20
    while store.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
