"""Adapters of a whole worker with the mock engine: status server, endpoints, frontend."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.worker.processes import MODEL, StartWorker, Worker, low_free_port

pytestmark = pytest.mark.e2e


class Operator:
    """Steers a worker through its status server."""

    def __init__(self, worker: Worker, port: int) -> None:
        self.worker = worker
        self.url = f"http://127.0.0.1:{port}"

    def load(self, name: str, source: Path) -> httpx.Response:
        body = {"lora_name": name, "source": {"uri": f"file://{source}"}}
        return httpx.post(f"{self.url}/v1/loras", json=body, timeout=30)

    def unload(self, name: str) -> httpx.Response:
        return httpx.delete(f"{self.url}/v1/loras/{name}", timeout=30)

    def loaded(self) -> set[str]:
        return set(httpx.get(f"{self.url}/v1/loras", timeout=30).json()["loras"])

    def models(self) -> set[str]:
        models = httpx.get(f"{self.worker.url}/v1/models", timeout=30).json()["data"]
        return {model["id"] for model in models} - {MODEL}

    def answer(self, model: str) -> Any:
        return self.worker.complete(model=model)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """Return a directory that looks like an adapter."""
    directory = tmp_path / "adapter"
    directory.mkdir()
    (directory / "adapter_config.json").write_text("{}")
    return directory


def operator(start_worker: StartWorker, *overrides: str, **engine: Any) -> Operator:
    port = low_free_port()
    worker = start_worker(f"runtime.system_port={port}", *overrides, **engine)
    return Operator(worker, port)


def test_r106_r135_r142_an_adapter_is_a_model_while_it_is_loaded(
    start_worker: StartWorker, adapter: Path
) -> None:
    steers = operator(start_worker, "lora=enabled", max_loras=2)
    assert steers.load("org/mine", adapter).json()["status"] == "success"
    assert steers.models() == steers.loaded() == {"org/mine"}
    own, base = (steers.answer(name).json()["choices"][0]["text"] for name in ("org/mine", MODEL))
    assert own != base
    assert steers.unload("org%2Fmine").json()["status"] == "success"
    assert steers.models() == steers.loaded() == set()
    assert steers.answer("org/mine").status_code == 404
    assert steers.answer(MODEL).json()["choices"][0]["text"] == base


def test_r138_a_worker_without_dynamic_adapters_says_how_to_get_them(
    start_worker: StartWorker, adapter: Path
) -> None:
    steers = operator(start_worker, "backend.engine.enable_lora=true")
    refused = steers.load("mine", adapter)
    assert refused.status_code == 404
    assert steers.models() == set()


def test_r136_fifty_operations_at_once_on_five_adapters_end_consistently(
    start_worker: StartWorker, adapter: Path
) -> None:
    steers = operator(start_worker, "lora=enabled", max_loras=5)

    def operate(number: int) -> int:
        name = f"a{number % 5}"
        chosen = number // 5 % 3
        if chosen == 0:
            return steers.load(name, adapter).status_code
        return (steers.unload(name) if chosen == 1 else steers.answer(name)).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(operate, range(50)))
    # 400 and 404: the adapter was gone; 500: it was not loaded.
    assert set(statuses) <= {200, 400, 404, 500}
    assert steers.models() == steers.loaded()
    for name in ("a0", "a1", "a2", "a3", "a4"):
        assert steers.load(name, adapter).json()["status"] == "success"
        assert steers.answer(name).status_code == 200
    assert steers.models() == steers.loaded() == {"a0", "a1", "a2", "a3", "a4"}
    assert steers.worker.stop() == 0


def test_r142_requests_for_an_adapter_go_to_the_workers_that_hold_it(
    start_worker: StartWorker, adapter: Path, tmp_path: Path
) -> None:
    shared = ["lora=enabled", "store=file", f"store.path={tmp_path / 'store'}"]
    first = operator(start_worker, *shared)
    second = operator(start_worker, *shared, "frontend=none")
    assert first.load("mine", adapter).json()["status"] == "success"
    assert {first.answer("mine").status_code for _ in range(10)} == {200}
    assert {first.answer(MODEL).status_code for _ in range(10)} == {200}
    assert second.load("mine", adapter).json()["status"] == "success"
    assert first.unload("mine").json()["status"] == "success"
    deadline = time.monotonic() + 10
    while first.answer("mine").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert {first.answer("mine").status_code for _ in range(10)} == {200}
    assert second.worker.stop() == 0
