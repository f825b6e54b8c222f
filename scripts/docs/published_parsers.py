"""The last section of docs/conformance.md: what published releases resolve otherwise."""

import json
from collections.abc import Iterable
from typing import Any

from scripts.reference.cases import cases
from scripts.reference.recording import recordings, releases
from scripts.reference.tables import ANY, Deliberate, deliberate, not_compared

HEAD = """\
The argument parsers of ai-dynamo {releases} were asked {count} command lines and environments,
once, in an environment of their own (`python -m scripts.reference`); their answers are committed,
and tests/scripts/reference compares each with what is resolved here. Everything is equal but what
stands in these tables. A test fails when an entry no longer applies, and when a difference has no
entry."""

DIFFERENCES = """\
| value | releases | engines | theirs | here | where | reason |
|---|---|---|---|---|---|---|
"""
NOT_COMPARED = """\
| attributes of the parsers that are not compared | reason |
|---|---|
"""
VERSIONS = """\
| release | engine | versions that took part | stand-ins |
|---|---|---|---|
"""


def section() -> list[str]:
    """Return the parts of the section."""
    known = " and ".join(releases())
    return [
        "## Differences from the published parsers",
        HEAD.format(releases=known, count=len(cases())),
        DIFFERENCES + "\n".join(map(_difference, deliberate())),
        NOT_COMPARED + "\n".join(_row([_codes(one.names), one.reason]) for one in not_compared()),
        "### How they were recorded",
        VERSIONS + "\n".join(_versions()),
    ]


def _difference(entry: Deliberate) -> str:
    everywhere = "wherever the two meet"
    cells = [
        f"`{entry.attribute}`", ", ".join(entry.releases) or "all",
        ", ".join(entry.backends) or "all", _value(entry.reference), _value(entry.here),
        "; ".join(entry.cases) or everywhere, entry.reason,
    ]  # fmt: skip
    return _row(cells)


def _value(value: Any) -> str:
    return "any" if value is ANY else f"`{json.dumps(value)}`"


def _versions() -> Iterable[str]:
    for one in recordings():
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        stand_ins = "; ".join(f"`{name}`: {why}" for name, why in one.stand_ins.items())
        yield _row([one.release, one.backend, versions, stand_ins or "none"])


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
