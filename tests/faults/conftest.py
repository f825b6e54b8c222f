"""Faults made on purpose, with real processes."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.worker.processes import MODEL
from tests.worker.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model directory with a tokenizer and no weights."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / MODEL)


@pytest.fixture
def stage(tmp_path: Path, tiny_model: Path) -> Iterator[Stage]:
    """Return where a fault happens; all its processes end with the test."""
    with ExitStack() as stack:
        yield Stage(tmp_path, tiny_model, stack)
