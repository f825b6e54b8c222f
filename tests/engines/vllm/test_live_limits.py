"""Limits that a worker and its engine core's process share."""

import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.engines.vllm.live_limits import NAMES, AdjustableLimits, LiveLimits

STARTED = {"max_num_seqs": 64, "max_num_batched_tokens": 2048, "long_prefill_token_threshold": 0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits"


def test_the_limits_of_the_start_are_in_force(path: Path) -> None:
    assert LiveLimits.create(path, STARTED).read() == STARTED


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_limit_leaves_the_others(path: Path, name: str) -> None:
    limits = LiveLimits.create(path, STARTED)
    limits.write({name: 7})
    assert limits.read() == {**STARTED, name: 7}


def test_another_process_sees_a_change(path: Path) -> None:
    limits = LiveLimits.create(path, STARTED)
    limits.write({"max_num_seqs": 8})
    code = (
        "import sys, pathlib; from dynamo.engines.vllm.live_limits import LiveLimits; "
        "print(LiveLimits(pathlib.Path(sys.argv[1])).values())"
    )
    command = [sys.executable, "-c", code, str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "(8, 2048, 0)"


def test_only_limits_that_can_change_are_told(path: Path) -> None:
    shared = LiveLimits.create(path, STARTED)
    assert AdjustableLimits(shared, {"max_num_seqs": 64}).in_force() == {"max_num_seqs": 64}
