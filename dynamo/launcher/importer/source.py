"""A command line with its environment, wherever it was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamo.config.problems import Problem
from dynamo.config.user_paths import home_expanded


class SourceError(ValueError):
    """There is no command line, or it is wrong; `problems` say how."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Source:
    """Words as a process gets them, and what stood around them."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that were set for this command."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts of files that the script itself writes, by name."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What a manifest says beside the command that is a setting here."""
    comments: tuple[str, ...] = ()
    """Comments of a script, without `#`: `action=command` says there what has no flag."""
    notes: tuple[Problem, ...] = ()
    """What stands beside the command and is not read."""

    def read(self, path: str) -> str:
        """Return the text of a file that the command names.

        Raises:
            OSError: it cannot be read.
            UnicodeDecodeError: it is no text.
        """
        if path in self.files:
            return self.files[path]
        return home_expanded(path).read_text("utf-8")


def assignment(word: str) -> tuple[str, str] | None:
    """Split `NAME=value`; None for any other word."""
    name, equals, value = word.partition("=")
    return (name, value) if equals and name.isidentifier() and name.isascii() else None
