"""What is wrong with a composed tree, and why Hydra could not compose one."""

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException

from dynamo.config.aliases import canonical_key
from dynamo.config.assignment import Assignment
from dynamo.config.problems import Problem
from dynamo.config.provenance import file_assignments
from dynamo.config.schema_index import SchemaIndex, schema_index
from dynamo.config.values import InvalidValueError, check_limits, check_type

MERGING = re.compile(r"Error merging override [+~]*(?P<key>[^=]+)=(?P<value>.*)", re.DOTALL)
"""What Hydra says of an override that has the wrong shape; the reason is its cause."""


def reference_problems(index: SchemaIndex, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check lists and mappings that were given as `${...}`, which are known only now."""
    for path, value in values.items():
        field = index.fields.get(path)
        kind = typing.get_origin(field.type) if field is not None else None
        if kind is not None and value is not None and not isinstance(value, kind):
            noun = "a list" if kind is list else "a mapping"
            yield Problem(path, value, f"does not refer to {noun}", noun)


def limit_problems(index: SchemaIndex, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check choices and ranges of all values, whatever their source."""
    for path, value in values.items():
        field = index.fields.get(path)
        if field is not None and value != "???":
            yield from check_limits(value, field)


def file_problems(loader: ConfigLoaderImpl, texts: Sequence[str]) -> list[Problem]:
    """Find the lines of files that Hydra cannot merge: unknown keys and wrong types."""
    try:
        lines = file_assignments(loader, texts)
    except HydraException:
        return []
    index = schema_index()
    return [problem for line in lines for problem in _line_problems(line, index)]


def _line_problems(line: Assignment, index: SchemaIndex) -> Iterator[Problem]:
    field = index.owner_of(line.key)
    if field is None:
        meant = canonical_key(line.key) or index.meant(line.key)
        yield Problem(
            line.key, line.value, "is not a known setting", suggestion=meant, source=line.source
        )
    elif field.path == line.key:
        try:
            check_type(line.value, field)
        except InvalidValueError as error:
            yield Problem(
                line.key,
                line.value,
                str(error),
                error.allowed,
                error.suggestion,
                source=line.source,
            )


def unexplained(error: Exception) -> Problem:
    """Say what Hydra says: for an override that cannot be merged, its key and the reason."""
    merging = MERGING.fullmatch(str(error).strip())
    if merging and error.__cause__:
        reason = str(error.__cause__).strip().splitlines()[0]
        return Problem(merging["key"], merging["value"], f"cannot be merged: {reason}")
    key = getattr(error, "full_key", None) or "configuration"
    return Problem(str(key), "", " ".join(str(error).split()))
