"""The level of the worker's log, changed while it runs."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from dynamo.worker.control.log_level import log_level, set_log_level


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("word", ["debug", "info", "warn", "error"])
def test_a_level_that_is_set_is_in_force(word: str) -> None:
    set_log_level(word)
    assert log_level() == word


def test_records_of_the_new_level_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logger = logging.getLogger("dynamo.worker.test")
    set_log_level("warn")
    logger.info("not this")
    set_log_level("info")
    logger.info("but this")
    assert "but this" in written.getvalue()
    assert "not this" not in written.getvalue()
    assert len(logging.getLogger().handlers) == 1
