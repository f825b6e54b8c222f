"""The cases of data/cases.yaml: command lines and environments for the published parsers."""

import functools
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("data")
FILES = "<files>"
"""Stands for the directory of a case's files in its arguments and variables."""


@dataclass(frozen=True, eq=False)
class Case:
    """One question to the parsers."""

    backend: str
    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    files: Mapping[str, str]
    """Texts by relative path."""
    here: tuple[str, ...]
    """Overrides that only this program needs."""

    @property
    def asked(self) -> dict[str, Any]:
        """What the parsers are given."""
        return {"argv": list(self.argv), "environ": dict(self.environ), "files": dict(self.files)}


@functools.cache
def cases() -> tuple[Case, ...]:
    """Return every case, the one without any argument first for each backend."""
    groups = yaml.safe_load((DATA / "cases.yaml").read_text("utf-8"))
    return tuple(
        _case(group, name, entry) for group in groups for name, entry in group["cases"].items()
    )


def _case(group: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> Case:
    argv = (*shlex.split(group.get("argv", "")), *shlex.split(entry.get("argv", "")))
    files = {**group.get("files", {}), **entry.get("files", {})}
    here = tuple(entry.get("here", ()))
    return Case(group["backend"], name, argv, entry.get("environ", {}), files, here)
