"""What an operator does to a whole worker with the mock engine, through its status server."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.worker.processes import StartWorker, Worker, low_free_port

pytestmark = pytest.mark.e2e


def steer(port: int, name: str, **body: Any) -> Any:
    answer = httpx.post(f"http://127.0.0.1:{port}/engine/{name}", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def eventually_answers(worker: Worker) -> bool:
    """Ask until a frontend has seen the worker come back, ten seconds at most."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if worker.complete().status_code == 200:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(("prefix", "plane"), [("", "tcp"), ("control/", "tcp"), ("", "http")])
def test_r113_a_worker_sleeps_and_wakes_by_a_route(
    start_worker: StartWorker, tmp_path: Path, prefix: str, plane: str
) -> None:
    port = low_free_port()
    store = ["store=file", f"store.path={tmp_path / 'store'}"] if plane == "http" else []
    worker = start_worker(f"runtime.system_port={port}", f"request_plane={plane}", *store)
    assert worker.complete().status_code == 200
    assert steer(port, f"{prefix}sleep", level=2)["status"] == "success"
    assert worker.complete().status_code in (404, 503)
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    assert steer(port, f"{prefix}wake_up")["status"] == "success"
    assert eventually_answers(worker)
    assert worker.stop() == 0


def test_r114_a_wrong_level_is_a_status_and_the_worker_serves_on(
    start_worker: StartWorker,
) -> None:
    port = low_free_port()
    worker = start_worker(f"runtime.system_port={port}")
    assert steer(port, "sleep", level=9)["status"] == "error"
    assert worker.complete().status_code == 200


def test_a_sleeping_worker_ends_in_an_orderly_way(start_worker: StartWorker) -> None:
    port = low_free_port()
    worker = start_worker(f"runtime.system_port={port}")
    steer(port, "sleep")
    assert worker.stop() == 0
    assert "Traceback" not in worker.log.read_text()


def test_an_engine_without_a_profiler_has_no_such_route(start_worker: StartWorker) -> None:
    port = low_free_port()
    start_worker(f"runtime.system_port={port}")
    answer = httpx.post(f"http://127.0.0.1:{port}/engine/start_profile", json={}, timeout=30)
    assert answer.status_code == 404
