"""What an engine leaves is removed: only its own, and the environment as it was."""

import multiprocessing
import os
import tempfile
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from dynamo.engines import footprint
from dynamo.engines.footprint import Footprint, remove_directory, temporary_directory


def hold_shared_memory(ready: Event, name: str) -> None:
    segment = SharedMemory(name, create=True, size=4096)
    ready.set()
    multiprocessing.Event().wait(60)
    segment.close()


def test_processes_shared_memory_and_files_of_an_engine_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footprint, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = Footprint()
    name = f"footprint-test-{os.getpid()}"
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=hold_shared_memory, args=(ready, name))
    process.start()
    assert ready.wait(10)
    (own.directory / "socket").touch()
    own.note()
    own.remove()
    assert not process.is_alive()
    assert not (footprint.SHARED_MEMORY / name).exists()
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_the_engine_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footprint, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    name = f"footprint-other-{os.getpid()}"
    other = context.Process(target=hold_shared_memory, args=(ready, name))
    other.start()
    try:
        assert ready.wait(10)
        own = Footprint()
        own.kill_processes()
        own.remove()
        assert other.is_alive()
        assert (footprint.SHARED_MEMORY / name).exists()
    finally:
        other.kill()
        other.join()
        SharedMemory(name).unlink()


def test_only_directories_of_engines_are_removed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.mkdir()
    remove_directory(other)
    assert other.is_dir()


def test_temporary_files_go_to_the_engines_directory_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "as it was")
    monkeypatch.setenv("REMOVED", "comes back")
    before = tempfile.gettempdir()
    with temporary_directory(tmp_path):
        assert tempfile.gettempdir() == str(tmp_path)
        os.environ["KEPT"] = "changed by a library"
        os.environ["ADDED"] = str(tmp_path / "cache")
        del os.environ["REMOVED"]
    assert tempfile.gettempdir() == before
    assert os.environ["KEPT"] == "as it was"
    assert os.environ["REMOVED"] == "comes back"
    assert "ADDED" not in os.environ
