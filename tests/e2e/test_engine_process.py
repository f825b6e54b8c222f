"""A process of an engine ends with its parent, and what it held goes with it."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing.context import ForkProcess, SpawnProcess
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Literal

import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.engines.engine_process import detach
from dynamo.engines.footprint import SHARED_MEMORY

WAIT_SECONDS = 10


def hold(name: str) -> None:
    """Hold a segment for ever, as an engine's process does."""
    detach()
    segment = SharedMemory(name, create=True, size=4096)
    Path(f"{name}.ready").touch()
    time.sleep(600)
    segment.close()


def parent(name: str, method: Literal["fork", "spawn"]) -> None:
    """Start one and wait to be killed."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    process = {"fork": ForkProcess, "spawn": SpawnProcess}[method]
    child = process(target=hold, args=(name,))
    child.start()
    print(child.pid, flush=True)
    time.sleep(600)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_ends_when_its_parent_is_killed_and_takes_its_memory_along(
    method: str, tmp_path: Path
) -> None:
    name = f"engine-process-{os.getpid()}-{method}"
    program = f"from {__name__} import parent; parent({name!r}, {method!r})"
    started = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert started.stdout is not None
    child = psutil.Process(int(started.stdout.readline()))
    wait_for(tmp_path / f"{name}.ready")
    started.kill()
    started.communicate()
    _gone, alive = psutil.wait_procs([child], timeout=WAIT_SECONDS)
    assert not alive
    assert not (SHARED_MEMORY / name).exists()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
