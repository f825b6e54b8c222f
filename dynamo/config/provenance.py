"""Where each value came from: schema default, file and line, environment variable, command line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.default_element import ResultDefault
from hydra.types import RunMode

from dynamo.config.assignment import Assignment

SCHEMA_DEFAULT = "schema default"


def file_assignments(loader: ConfigLoaderImpl, overrides: Sequence[str]) -> list[Assignment]:
    """Return every value that the composed files give, in the order in which they are merged."""
    defaults = loader.compute_defaults_list("config", list(overrides), RunMode.RUN).defaults
    folders = search_path(overrides) + [
        Path(item.path.removeprefix("file://"))
        for item in loader.get_search_path().get_path()
        if item.path and not item.path.startswith(("pkg://", "structured://"))
    ]
    return [found for default in defaults for found in _lines(default, folders)]


def search_path(overrides: Iterable[str]) -> list[Path]:
    """Return the directories that an override of `hydra.searchpath` adds."""
    key = "hydra.searchpath="
    texts = [text.removeprefix(key).strip("[]") for text in overrides if text.startswith(key)]
    items = [item.strip().removeprefix("file://") for text in texts for item in text.split(",")]
    return [Path(item) for item in items if item and "://" not in item]


def _lines(default: ResultDefault, folders: Iterable[Path]) -> Iterator[Assignment]:
    name = str(default.config_path)
    if name.startswith(("schema/", "hydra/")):
        return
    for folder in folders:
        file = folder / f"{name}.yaml"
        if file.is_file():
            tree = yaml.compose(file.read_text(), Loader=yaml.SafeLoader)
            prefix = f"{default.package}." if default.package else ""
            yield from _walk(tree, prefix, f"{folder.name}/{name}.yaml")
            return


def _walk(node: yaml.Node | None, prefix: str, file: str) -> Iterator[Assignment]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        if path in ("defaults", "hydra") or key.value == "defaults":
            continue
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _walk(value, f"{path}.", file)
        else:
            plain = yaml.SafeLoader("").construct_object(value, deep=True)
            yield Assignment(path, plain, f"{file}:{key.start_mark.line + 1}")


def sources(paths: Iterable[str], assignments: Iterable[Assignment]) -> dict[str, str]:
    """Return the source of each leaf: that of the last assignment to it or to what holds it."""
    given = [assignment for assignment in assignments if not assignment.selects]
    last = {assignment.key: assignment.source for assignment in given}
    order = {assignment.key: position for position, assignment in enumerate(given)}
    return {path: _source(path, last, order) for path in paths}


def _source(path: str, last: Mapping[str, str], order: Mapping[str, int]) -> str:
    parts = path.split(".")
    above = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    given = [key for key in above if key in last]
    return last[max(given, key=lambda key: order[key])] if given else SCHEMA_DEFAULT


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested mappings with its dotted path; lists are leaves."""
    if isinstance(value, dict) and (value or not path):
        for key, below in value.items():
            yield from flatten(below, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
