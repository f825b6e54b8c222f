"""How a worker ends: asked to, failed, or not started at all."""

import json
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import httpx
import pytest

from tests.worker.processes import MODEL, StartWorker, Worker, wait_until_printed

pytestmark = pytest.mark.e2e


def stream_tokens(worker: Worker, number: int, begun: Semaphore) -> int:
    """Return how many tokens arrive for one streamed request; `begun` counts first tokens."""
    body: dict[str, Any] = {
        "model": MODEL, "prompt": f"w{number}", "max_tokens": 40, "stream": True, "seed": number,
        "ignore_eos": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    with httpx.stream("POST", f"{worker.url}/v1/completions", json=body, timeout=30) as answer:
        lines: list[str] = []
        for line in filter(None, answer.iter_lines()):
            if not lines:
                begun.release()
            lines.append(line)
    assert lines[-1] == "data: [DONE]"
    return int(json.loads(lines[-2].removeprefix("data: "))["usage"]["completion_tokens"])


def is_listening(worker: Worker) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(worker.url.rsplit(":", 1)[1]))) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_r117_streams_in_flight_are_finished_before_the_worker_ends(
    start_worker: StartWorker, number: signal.Signals
) -> None:
    worker = start_worker(decode_step_seconds=0.03)
    with ThreadPoolExecutor(16) as pool:
        begun = Semaphore(0)
        streams = [pool.submit(stream_tokens, worker, index, begun) for index in range(16)]
        assert all(begun.acquire(timeout=20) for _ in streams)
        assert worker.stop(number) == 0
        assert [stream.result() for stream in streams] == [40] * 16
    assert not is_listening(worker)


def test_a_second_signal_ends_the_worker_without_waiting(start_worker: StartWorker) -> None:
    worker = start_worker(decode_step_seconds=0.5)
    with ThreadPoolExecutor(1) as pool:
        begun = Semaphore(0)
        pool.submit(stream_tokens, worker, 1, begun)
        assert begun.acquire(timeout=20)
        worker.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert worker.stop(seconds=8) == 0


def test_requests_that_take_longer_than_the_drain_timeout_are_cut_off(
    start_worker: StartWorker,
) -> None:
    worker = start_worker("runtime.drain_timeout_seconds=1", decode_step_seconds=0.5)
    with ThreadPoolExecutor(1) as pool:
        begun = Semaphore(0)
        pool.submit(stream_tokens, worker, 1, begun)
        assert begun.acquire(timeout=20)
        assert worker.stop(seconds=10) == 0
    assert "up to 1 s for requests in flight: 1" in worker.log.read_text()
    assert "requests that are cut off: 1" in worker.log.read_text()


def test_an_idle_worker_ends_at_once(start_worker: StartWorker) -> None:
    worker = start_worker()
    started = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("mode", ["round-robin", "kv"])
def test_a_clean_stop_prints_no_error(start_worker: StartWorker, mode: str) -> None:
    worker = start_worker(f"frontend.router_mode={mode}")
    assert worker.complete().status_code == 200
    assert worker.stop() == 0
    text = worker.log.read_text()
    assert [line for line in text.splitlines() if "ERROR" in line or "WARN" in line] == []


def test_r101_r116_a_dead_engine_is_logged_and_ends_the_worker_with_status_1(
    start_worker: StartWorker,
) -> None:
    worker = start_worker(fail="crash", crash_after_requests=2)
    statuses = [worker.complete().status_code for _ in range(3)]
    assert statuses[:2] == [200, 200]
    assert statuses[2] == 503
    assert worker.process.wait(10) == 1
    assert "the engine died" in worker.log.read_text()
    assert not is_listening(worker)


def test_an_engine_that_cannot_start_is_one_line_and_status_1(start_worker: StartWorker) -> None:
    worker = start_worker(ready=False, fail="start")
    assert worker.process.wait(30) == 1
    text = worker.log.read_text()
    assert "error: the engine did not start" in text
    assert "Traceback" not in text


def test_a_signal_while_the_engine_starts_ends_the_start(start_worker: StartWorker) -> None:
    worker = start_worker(ready=False, startup_seconds=60)
    while "starting mocker" not in worker.log.read_text():
        time.sleep(0.05)
    assert worker.stop(seconds=10) == 0


def test_a_taken_port_is_found_before_anything_starts(start_worker: StartWorker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        worker = start_worker(f"frontend.port={port}", ready=False)
        assert worker.process.wait(30) == 2
    text = worker.log.read_text()
    assert f"frontend.port = {port}" in text
    assert "starting mocker" not in text


def test_everything_listens_on_loopback_only(start_worker: StartWorker) -> None:
    worker = start_worker()
    worker.complete()
    table = subprocess.run(
        ["/usr/bin/env", "ss", "-ltnpH"], capture_output=True, text=True, check=True
    ).stdout
    own = [line.split()[3] for line in table.splitlines() if f"pid={worker.process.pid}," in line]
    assert own
    assert all(address.startswith("127.0.0.1:") for address in own)


def test_a_worker_that_cannot_register_ends_in_one_line_and_leaves_nothing(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    worker = start_worker(
        "store=file", f"store.path={store}", ready=False,
        publish_kv_events="true", startup_seconds=2,
    )  # fmt: skip
    # Preflight found the store as it should be; then somebody takes its place.
    wait_until_printed(worker, "starting mocker")
    store.write_text("")
    assert worker.process.wait(30) == 1
    text = worker.log.read_text()
    assert "error: the worker did not start" in text
    assert "Traceback" not in text
    assert "was destroyed" not in text
    assert not is_listening(worker)
