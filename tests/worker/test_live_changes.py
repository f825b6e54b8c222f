"""Settings of a real worker process, changed while it serves."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.worker.processes import ROOT, StartWorker, low_free_port

pytestmark = pytest.mark.e2e


def control(port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m dynamo.worker.control` against a worker."""
    command = [sys.executable, "-m", "dynamo.worker.control", "--url", f"http://127.0.0.1:{port}"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_limits_change_under_load_and_no_request_is_lost(start_worker: StartWorker) -> None:
    port, status_port = free_port("127.0.0.1"), low_free_port()
    worker = start_worker(
        f"control.port={port}", f"runtime.system_port={status_port}", max_num_seqs=8
    )
    with ThreadPoolExecutor(16) as clients:
        answers = [clients.submit(worker.complete, max_tokens=100) for _ in range(16)]
        done = control(port, "set", "backend.engine.max_num_seqs=2", "logs.level=info")
        assert done.returncode == 0, done.stderr
        assert "backend.engine.max_num_seqs: 8 -> 2" in done.stdout
    assert {answer.result().status_code for answer in answers} == {200}
    assert "backend.engine.max_num_seqs=2" in control(port, "get").stdout.splitlines()
    metrics = httpx.get(f"http://127.0.0.1:{status_port}/metrics").text
    (line,) = [t for t in metrics.splitlines() if t.startswith("dynamo_launch_live_setting{")
               and "max_num_seqs" in t]  # fmt: skip
    assert line.endswith(" 2.0")
    assert "changed: backend.engine.max_num_seqs from 8 to 2" in worker.log.read_text()

    refused = control(port, "set", "backend.engine.max_num_seqs=9", "frontend.port=80")
    assert refused.returncode == 2
    assert "1 to 8" in refused.stderr
    assert "needs a restart" in refused.stderr
    assert worker.stop() == 0
    unreachable = control(port, "get")
    assert unreachable.returncode == 1
    assert "Traceback" not in unreachable.stderr
