"""The tables of deliberate differences and of attributes that are not compared."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import yaml

from scripts.reference.cases import DATA
from scripts.reference.compare import Difference

ANY = object()


@dataclass(frozen=True)
class Deliberate:
    """One entry of the table of differences."""

    attribute: str
    reason: str
    releases: tuple[str, ...] = ()
    """Empty for all of them; so is `backends`."""
    backends: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    """The only cases; empty for wherever the two values meet."""
    reference: Any = ANY
    here: Any = ANY

    def covers(self, found: Difference) -> bool:
        """Whether a difference is this one."""
        return (
            found.attribute == self.attribute
            and (not self.releases or found.release in self.releases)
            and (not self.backends or found.backend in self.backends)
            and (not self.cases or found.case in self.cases)
            and (self.reference is ANY or found.reference == self.reference)
            and (self.here is ANY or found.here == self.here)
        )


@dataclass(frozen=True)
class NotCompared:
    """Attributes without a counterpart."""

    names: tuple[str, ...]
    reason: str

    def covers(self, attribute: str) -> bool:
        """Whether an attribute is among them."""
        return any(fnmatchcase(attribute, name) for name in self.names)


@functools.cache
def deliberate() -> tuple[Deliberate, ...]:
    """Return the table of differences in its order."""
    return tuple(_entry(entry) for entry in _read("differences.yaml"))


def _entry(entry: Mapping[str, Any]) -> Deliberate:
    lists = ("releases", "backends", "cases")
    named: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in entry.items()}
    return Deliberate(**named)


@functools.cache
def not_compared() -> tuple[NotCompared, ...]:
    """Return the attributes that are not compared."""
    entries = _read("not_compared.yaml")
    return tuple(NotCompared(tuple(entry["names"]), entry["reason"]) for entry in entries)


def _read(name: str) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = yaml.safe_load((DATA / name).read_text("utf-8"))
    return entries


def unexplained(found: Sequence[Difference]) -> list[Difference]:
    """Return the differences that no entry, or more than one, explains."""
    return [one for one in found if sum(entry.covers(one) for entry in deliberate()) != 1]


def idle(found: Sequence[Difference], releases: Sequence[str]) -> list[str]:
    """Return the entries, and their cases and releases, that explain nothing any more."""
    return [
        f"{entry.attribute}: {entry.reason} ({release} {case})"
        for entry in deliberate()
        for release in entry.releases or releases
        for case in entry.cases or ("",)
        if not any(
            entry.covers(one) and one.release == release and case in ("", one.case) for one in found
        )
    ]
