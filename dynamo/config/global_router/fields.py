"""Typed access to one object of the file: each value is read once, each mistake noted."""

import json
from collections.abc import Mapping
from typing import Any

from dynamo.config.problems import Problem
from dynamo.config.suggest import closest

LARGEST = 10**15
"""Bound of all numbers: above it floats can no longer tell neighbouring integers apart."""
SHOWN = 60
"""Characters of a wrong value that a report shows."""
MISSING = object()
"""The value of a key that is not there; `null` is there, and wrong."""


class Section:
    """An object at a path. Reading notes which keys are known; the rest is reported."""

    def __init__(self, path: str, data: Mapping[str, Any], problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        self._data = data
        self._known: set[str] = set()

    def at(self, key: str) -> str:
        """Return the whole path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def fail(self, path: str, value: object, message: str, allowed: str, rule: str) -> None:
        """Note a mistake."""
        shown = value if isinstance(value, str) else json.dumps(value)
        self.problems.append(Problem(path, shown[:SHOWN], message, allowed, rule=rule))

    def find(self, *names: str, required: bool = True) -> tuple[str, Any]:
        """Return path and value of the first name that is there; several spellings must agree."""
        self._known.update(names)
        present = [name for name in names if name in self._data]
        if not present:
            if required:
                self.fail(self.at(names[0]), "", "is missing", "", "R165")
            return self.at(names[0]), MISSING
        first = present[0]
        for other in present[1:]:
            if self._data[other] != self._data[first]:
                text = f"contradicts {first}={self._data[first]}"
                self.fail(self.at(other), self._data[other], text, f"{first} alone", "R165")
        return self.at(first), self._data[first]

    def as_integer(
        self, path: str, value: object, rule: str, minimum: int = -LARGEST
    ) -> int | None:
        """Return the value when it is an integer of at least `minimum`."""
        if value is MISSING:
            return None
        if type(value) is int and minimum <= value <= LARGEST:
            return value
        allowed = "an integer" if minimum == -LARGEST else f"an integer, {minimum} or more"
        self.fail(path, value, f"is not {allowed}", "", rule)
        return None

    def as_number(self, path: str, value: Any) -> float | None:
        """Return the value when it is a finite number."""
        if value is MISSING:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and abs(value) <= LARGEST:
            return float(value)
        self.fail(path, value, "is not a finite number", "", "R165")
        return None

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        path, value = self.find(name, required=False)
        if value is MISSING or isinstance(value, bool):
            return default if value is MISSING else bool(value)
        self.fail(path, value, "is not a boolean", "true or false", "R165")
        return default

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of the choices; empty when it is none of them."""
        path, value = self.find(name, required=False)
        if value is MISSING:
            return default
        if isinstance(value, str) and value in choices:
            return value
        self.fail(path, value, "is not one of the choices", ", ".join(choices), "R165")
        return ""

    def items(self, name: str, rule: str, *, required: bool = True) -> list[Any] | None:
        """Return a list, or None when there is none."""
        path, value = self.find(name, required=required)
        if isinstance(value, list):
            return value
        if value is not MISSING:
            self.fail(path, value, "is not a list", "", rule)
        return None

    def section(self, name: str) -> "Section | None":
        """Return the object below a key, or None when there is none."""
        return self.inside(*self.find(name))

    def inside(self, path: str, value: object) -> "Section | None":
        """Return a value as an object of its own."""
        if isinstance(value, dict):
            return Section(path, value, self.problems)
        if value is not MISSING:
            self.fail(path, value, "is not an object", "", "R165")
        return None

    def report_unknown(self) -> None:
        """Say which keys nobody reads; those that begin with `_` are comments."""
        for key in self._data:
            if key not in self._known and not key.startswith("_"):
                near = closest(key, self._known, limit=1)
                text = "is not a known key and has no effect"
                meant = near[0] if near else ""
                self.problems.append(
                    Problem(self.at(key), "", text, suggestion=meant, rule="R165", fatal=False)
                )
