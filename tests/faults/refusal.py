"""A start that is refused: status, words, and how soon."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.fleet import ROOT, mock_settings
from tests.faults.stage import Stage

SECONDS = 30


@dataclass(frozen=True)
class Refusal:
    """How a process ended that could not start."""

    status: int
    text: str
    seconds: float


def refusal(stage: Stage, *overrides: str, prepare: Callable[[], None] | None = None) -> Refusal:
    """Start a worker that is to end by itself; `prepare` is what its process does first."""
    started = time.monotonic()
    ended = subprocess.run(
        [
            sys.executable, str(ROOT / "launch.py"), *mock_settings(stage.model), *overrides,
        ],
        capture_output=True, text=True, check=False, timeout=SECONDS, preexec_fn=prepare,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return Refusal(ended.returncode, ended.stdout + ended.stderr, time.monotonic() - started)
