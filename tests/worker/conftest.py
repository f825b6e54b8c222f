"""A worker with the mock engine and a tiny tokenizer: the real runtime, started in a second."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.processes import MODEL, StartWorker, Worker, launch, wait_until_ready
from tests.worker.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model directory with a tokenizer of a hundred words and no weights."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / MODEL)


@pytest.fixture
def start_worker(tiny_model: Path, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers that end with the test."""
    started: list[Worker] = []

    def start(*overrides: str, ready: bool = True, **engine: object) -> Worker:
        log = tmp_path / f"worker-{len(started)}.log"
        worker = launch(tiny_model, log, *overrides, **engine)
        started.append(worker)
        if ready:
            wait_until_ready(worker)
        return worker

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()


@pytest.fixture(scope="module")
def worker(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Return one worker for all tests of a module that leave it as it was."""
    running = launch(tiny_model, tmp_path_factory.mktemp("worker") / "worker.log")
    try:
        wait_until_ready(running)
        yield running
        assert running.stop() == 0
    finally:
        running.process.kill()
        running.process.wait()
