"""Clients that stop reading: their answers wait, and nothing else does."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.fleet import ROOT, Fleet, Process
from tests.e2e.paused_clients import PAUSED

CLIENTS, TOKENS = 3, 12_000
"""More megabytes an answer than sockets hold."""
IDLE_PERCENT = 10


@pytest.fixture
def fleet(tmp_path: Path, tiny_model: Path) -> Iterator[Fleet]:
    members = Fleet(tmp_path, tiny_model, ("store=file", f"store.path={tmp_path / 'store'}"))
    yield members
    members.close()


def wait_until_stuck(worker: Process, seconds: float = 60) -> None:
    """Return when a worker computes next to nothing any more."""
    process, deadline = psutil.Process(worker.pid), time.monotonic() + seconds
    process.cpu_percent()
    time.sleep(1)
    while process.cpu_percent() > IDLE_PERCENT:
        assert time.monotonic() < deadline
        time.sleep(1)


def test_clients_that_stop_reading_hold_up_neither_requests_nor_the_end(
    fleet: Fleet, tmp_path: Path
) -> None:
    worker = fleet.worker(
        *fleet.embedded_frontend(), "runtime.drain_timeout_seconds=1",
        max_model_len=16384, num_gpu_blocks=4096, decode_step_seconds=0,
        decode_seconds_per_sequence=0,
    )  # fmt: skip
    command = [sys.executable, "-m", "tests.e2e.paused_clients", str(tmp_path / "store")]
    with subprocess.Popen(
        [*command, str(CLIENTS), str(TOKENS)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as clients:
        try:
            assert clients.stdout is not None
            assert any(PAUSED in line for line in clients.stdout)
            wait_until_stuck(worker)
            answer = fleet.complete(seconds=10)
            assert answer.status_code == 200, answer.text
            assert answer.json()["usage"]["completion_tokens"] == 8
            assert worker.end() == 0
        finally:
            clients.kill()
    assert "requests that are cut off: 3" in worker.log.read_text()
