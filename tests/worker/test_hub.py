"""A worker whose model is on a hub."""

from pathlib import Path

import pytest

from tests.worker.hub import running_hub
from tests.worker.processes import StartWorker

pytestmark = pytest.mark.e2e
NAME = "someone/tiny"


def test_r47_a_model_of_a_hub_is_fetched_before_the_engine_starts(
    start_worker: StartWorker, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    with running_hub(NAME, tiny_model) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        worker = start_worker(f"model.path={NAME}")
    (snapshot,) = (cache / "models--someone--tiny" / "snapshots").iterdir()
    assert {file.name for file in snapshot.iterdir()} == {f.name for f in tiny_model.iterdir()}
    assert worker.complete().status_code == 200
    assert worker.stop() == 0


def test_r47_what_was_fetched_once_is_not_fetched_again(
    start_worker: StartWorker, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with running_hub(NAME, tiny_model) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert start_worker(f"model.path={NAME}").stop() == 0
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    worker = start_worker(f"model.path={NAME}")
    assert worker.complete().status_code == 200


def test_r47_a_model_that_the_hub_does_not_have_ends_the_start(
    start_worker: StartWorker, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with running_hub(NAME, tiny_model) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        worker = start_worker("model.path=someone/other", ready=False)
        assert worker.process.wait(60) == 1
    text = worker.log.read_text()
    assert "someone/other" in text
    assert "Traceback" not in text
