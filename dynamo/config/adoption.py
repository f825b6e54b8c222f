"""Settings adopted from a file that was written for an engine (R143)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynamo.config.assignment import Assignment
from dynamo.config.overrides import Vocabulary, check_overrides
from dynamo.config.problems import Problem


@dataclass(frozen=True)
class Adopted:
    """What an engine's own configuration file says, as assignments weaker than all others."""

    assignments: tuple[Assignment, ...] = ()
    problems: tuple[Problem, ...] = ()


Adopt = Callable[[Mapping[str, Any]], Adopted]
"""From the composed section `backend` to what the file that it names says."""


def nothing(backend: Mapping[str, Any]) -> Adopted:
    """Adopt nothing."""
    return Adopted()


def checked_adoption(said: Adopted, given: Sequence[Assignment], names: Vocabulary) -> Adopted:
    """Check each line as if it stood on the command line, and leave out what is chosen there."""
    good: list[Assignment] = []
    problems = list(said.problems)
    for line in said.assignments:
        if not _beaten(line, given):
            checked = check_overrides([line.text], names, source=line.source)
            good += checked.assignments
            problems += checked.problems
    return Adopted(tuple(good), tuple(problems))


def _beaten(line: Assignment, given: Sequence[Assignment]) -> bool:
    """Whether a chosen option, such as `model=...`, says the same as a line of the file."""
    groups = [item.key for item in given if item.selects and item.key != "backend"]
    return any(line.key.startswith(f"{group}.") for group in groups)
