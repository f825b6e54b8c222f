"""Read a YAML file that was written for an engine, not for this program.

Planning reads no file but conf/, and the ones that the user names: these are such files. They are
read where they stand, and nothing is written.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from dynamo.config.user_paths import home_expanded


class ForeignFileError(ValueError):
    """The file cannot be used; the text says why, without the path."""


@dataclass(frozen=True)
class Entry:
    """One key of the file's outermost mapping, or of a section's."""

    key: str
    value: Any
    line: int
    """Counted from 1."""


def read_entries(path: str, section: str | None = None) -> list[Entry]:
    """Return the entries of a YAML file, or of the mapping that one of its keys holds (R144).

    Raises:
        ForeignFileError: the file cannot be read, it or the section is no mapping, or there is no
            such section (R145).
    """
    return entries_of(_text(path), section)


def entries_of(text: str, section: str | None = None) -> list[Entry]:
    """Return the entries of a YAML text, as `read_entries` does of a file.

    Raises:
        ForeignFileError: as for a file that holds the text.
    """
    mapping = _mapping(_document(text), "the file")
    if section is not None:
        found = {str(key.value): value for key, value in mapping.value}
        if section not in found:
            raise ForeignFileError(f"has no key {section}; it has {', '.join(found) or 'none'}")
        mapping = _mapping(found[section], f"the section {section}")
    entries = (
        Entry(str(key.value), _plain(value), key.start_mark.line + 1)
        for key, value in mapping.value
    )
    return list({entry.key: entry for entry in entries}.values())


def _text(path: str) -> str:
    try:
        return home_expanded(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ForeignFileError(f"cannot be read: {reason}") from error


def _document(text: str) -> yaml.Node | None:
    """Return the only document of a text; None when it says nothing."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ForeignFileError(f"is not YAML: {_one_line(error)}") from error
    return None if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null") else node


def _mapping(node: yaml.Node | None, what: str) -> yaml.MappingNode:
    if node is None:
        return yaml.MappingNode("tag:yaml.org,2002:map", [])
    if not isinstance(node, yaml.MappingNode):
        kind = "list" if isinstance(node, yaml.SequenceNode) else "single value"
        raise ForeignFileError(f"must hold a mapping, but {what} is a {kind}")
    try:
        yaml.SafeLoader("").flatten_mapping(node)  # resolves `<<: *other`
    except yaml.YAMLError as error:
        raise ForeignFileError(f"is not plain YAML: {_one_line(error)}") from error
    return node


def _plain(node: yaml.Node) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ForeignFileError(f"is not plain YAML: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
