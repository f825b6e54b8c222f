"""Prefill and decode as two real processes around the mock engine, found through a file store."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.worker.processes import StartWorker, Worker, wait_until_ready

pytestmark = pytest.mark.e2e


def pair(start_worker: StartWorker, store: Path) -> tuple[Worker, Worker]:
    """Start a prefill worker, and a decode worker with the frontend."""
    shared = ("store=file", f"store.path={store}")
    prefill = start_worker("role=prefill", "frontend=none", *shared)
    return prefill, start_worker("role=decode", *shared)


def text(worker: Worker, **body: Any) -> str:
    answer = worker.complete(**body)
    assert answer.status_code == 200, answer.text
    return str([choice["text"] for choice in answer.json()["choices"]])


def test_r134_a_pair_answers_as_one_worker(start_worker: StartWorker, tmp_path: Path) -> None:
    prefill, decode = pair(start_worker, tmp_path / "store")
    whole = start_worker()
    bodies: list[dict[str, Any]] = [
        {},
        {"n": 2, "seed": 3},
        {"prompt": "w9 " * 100},
        {"max_tokens": 1},
    ]
    for body in bodies:
        assert text(decode, **body) == text(whole, **body)
    assert "serves dynamo.prefill.generate" in prefill.log.read_text()


def test_what_the_prefill_worker_had_cached_is_reported(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    _prefill, decode = pair(start_worker, tmp_path / "store")
    cached = [
        decode.complete(prompt="w9 " * 100).json()["usage"]["prompt_tokens_details"][
            "cached_tokens"
        ]
        for _ in range(2)
    ]
    assert cached == [0, 96]


def test_r103_a_prefill_worker_alone_is_no_model_for_clients(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    prefill, decode = pair(start_worker, tmp_path / "store")
    assert prefill.stop() == 0
    assert decode.complete().status_code == 503


def test_r100_a_model_is_listed_once_all_its_workers_are_ready(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    shared = ("store=file", f"store.path={tmp_path / 'store'}")
    decode = start_worker("role=decode", *shared, ready=False)
    while "is listed once there is a worker for prefill" not in decode.log.read_text():
        assert decode.process.poll() is None
        time.sleep(0.05)
    listed = httpx.get(f"{decode.url}/v1/models").json()["data"]
    start_worker("role=prefill", "frontend=none", *shared)
    wait_until_ready(decode)
    assert listed == []
    assert text(decode)
