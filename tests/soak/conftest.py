"""Soaks write down what they saw, when they are asked to."""

import os
from collections.abc import Callable

import pytest

from scripts.reliability.page import write_section

Record = Callable[[str, str], None]


@pytest.fixture
def record() -> Record:
    """Return what prints a section of docs/reliability.md; with SOAK_RECORD it writes it there."""

    def write(name: str, text: str) -> None:
        print(f"{name}:\n{text}")
        if os.environ.get("SOAK_RECORD"):
            write_section(name, text)

    return write
