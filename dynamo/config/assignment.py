"""A value given to a key, and where it was given."""

import re
from dataclasses import dataclass
from typing import Any

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Assignment:
    """One line of somebody's configuration, before it is known to be right."""

    key: str
    """Dotted path of a setting, or the name of a config group."""
    value: Any
    source: str
    """`command line`, the name of an environment variable, or `file:line`."""
    text: str = ""
    """The override as Hydra takes it; empty for lines of files."""
    selects: bool = False
    """Whether the key is a config group and the value its option."""


def override_text(value: Any) -> str:
    """Write a value in Hydra's override grammar so that it is read back unchanged."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case list() | tuple():
            return "[" + ",".join(override_text(item) for item in value) + "]"
        case dict():
            return "{" + ",".join(f"{_key(k)}:{override_text(v)}" for k, v in value.items()) + "}"
    raise TypeError(f"no override for a value of type {type(value).__name__}")


def _key(key: object) -> str:
    """Write a key of a mapping; what means something in the grammar needs a backslash."""
    return re.sub(r"([\\()\[\]{}:=,\s])", r"\\\1", str(key))


def _quoted(text: str) -> str:
    """Quote a text: backslashes count only before a quote, `${` must not become a reference."""
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", text)
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", text)
    return "'" + re.sub(r"\\+$", lambda found: found[0] * 2, text) + "'"
