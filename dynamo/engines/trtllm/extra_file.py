"""The YAML file of `backend.extra_engine_args` (R163)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dynamo.config.foreign_file import Entry, ForeignFileError, read_entries
from dynamo.config.problems import Problem
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.catalogue import Catalogue

SETTING = "backend.extra_engine_args"


def extra_arguments(path: str | None) -> Mapping[str, Any]:
    """Return what the file says; empty when it cannot be used, which `unusable` reports."""
    return {entry.key: entry.value for entry in _entries(path)}


def unusable(path: str | None) -> Iterator[Problem]:
    """R163: the file can be read and holds one mapping."""
    try:
        read_entries(path) if path else None
    except ForeignFileError as error:
        allowed = "a YAML file with arguments of the LLM class"
        yield Problem(SETTING, path, str(error), allowed, rule="R163")


def argument_problems(path: str | None, catalogue: Catalogue) -> Iterator[Problem]:
    """R163: the file holds arguments that the engine knows; each problem names its line."""
    for entry in _entries(path):
        for problem in check_arguments({entry.key: entry.value}, catalogue, SETTING):
            meant = _as_yaml(problem.suggestion)
            yield replace(problem, suggestion=meant, source=f"{path}:{entry.line}")


def _entries(path: str | None) -> list[Entry]:
    try:
        return read_entries(path) if path else []
    except ForeignFileError:
        return []


def _as_yaml(override: str) -> str:
    """Turn a suggested override into a line of the file."""
    name, equals, value = override.strip("\"'").removeprefix(f"{SETTING}.").partition("=")
    return f"{name}: {value}" if equals else ""
