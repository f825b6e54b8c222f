"""The argument catalogues: what each engine version accepts, known without importing the engine.

scripts/make_catalogue.py reads them from installed engines.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).with_name("catalogues")


@dataclass(frozen=True, slots=True)
class Argument:
    """One engine argument, or one field of a config class of the engine."""

    name: str
    type: str
    """Union of `bool int float str null any list[...] dict[...]` and names of config classes."""
    default: Any = None
    flags: tuple[str, ...] = ()
    """Options of the engine's own command line; empty when it has none."""
    action: str = ""
    """`on or off`: a switch with a negation; `on`: a switch without; empty: takes a value."""
    nargs: str = ""
    """`+`: one or more values; `*`: any number; `?`: the value may be left out; empty: exactly
    one."""
    units: str = ""
    """`plain`: texts such as `4k` and `4K` are understood; `auto`: `auto` too; `iec`: `4k` and
    `4Ki`."""
    as_json: str = ""
    """`flag`: the command line takes JSON; `text`: the engine itself takes JSON in a text, and a
    mapping is written so."""
    choices: tuple[Any, ...] = ()
    spelling: str = ""
    """How freely a choice may be spelt: `any case` or `any case, - for _`."""
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    help: str = ""
    """First sentence of the engine's own description."""

    @property
    def nullable(self) -> bool:
        return self.type.endswith("null")

    @property
    def takes_list(self) -> bool:
        return self.type.startswith("list")


@dataclass(frozen=True)
class Catalogue:
    """All arguments of one engine version."""

    engine: str
    version: str
    source: str
    """What it was read from."""
    arguments: Mapping[str, Argument]
    configs: Mapping[str, Mapping[str, Argument]]
    """Fields of the engine's config classes, by class name."""
    environment: frozenset[str]
    """Environment variables that the engine reads."""

    def argument_for(self, spelling: str) -> Argument | None:
        """Find an argument by its name or by a flag: `max-num-seqs`, `--no-enforce-eager`, `tp`."""
        if spelling in self.arguments:
            return self.arguments[spelling]
        word = spelling.lstrip("-").replace("-", "_")
        return self.spellings.get(word) or self._short_flags.get(word)

    @functools.cached_property
    def spellings(self) -> dict[str, Argument]:
        """Names and long flags, both with underscores: `enforce_eager`, `no_enforce_eager`."""
        return dict(self.arguments) | {
            flag[2:].replace("-", "_"): argument
            for argument in self.arguments.values()
            for flag in argument.flags
            if flag.startswith("--")
        }

    @functools.cached_property
    def _short_flags(self) -> dict[str, Argument]:
        every = self.arguments.values()
        return {flag.lstrip("-"): argument for argument in every for flag in argument.flags}


def catalogue_versions(engine: str) -> tuple[str, ...]:
    """Return the engine versions that have a catalogue, newest first."""
    found = [file.stem.removeprefix(f"{engine}-") for file in DIRECTORY.glob(f"{engine}-*.json")]
    return tuple(sorted(found, key=_order, reverse=True))


def nearest_version(engine: str, version: str | None) -> str:
    """Return the catalogue to use for an engine version.

    That is its own, else the newest older one, else the oldest; the newest for no version.
    """
    versions = catalogue_versions(engine)
    if version is None:
        return versions[0]
    older = [known for known in versions if _order(known) <= _order(version)]
    return older[0] if older else versions[-1]


def _order(version: str) -> tuple[tuple[int, str], ...]:
    """Order `0.5.15.post1` after `0.5.15`, `0.10` after `0.9`, and `0.28` beside `0.28.0`."""
    parts = re.findall(r"\d+|[a-z]+", version.partition("+")[0])
    parts += ["0"] * (3 - len(parts))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


@functools.lru_cache(maxsize=4)
def load(engine: str, version: str | None = None) -> Catalogue:
    """Load the catalogue of a version, or of the nearest one that has one (`nearest_version`)."""
    file = DIRECTORY / f"{engine}-{nearest_version(engine, version)}.json"
    data = json.loads(file.read_text("utf-8"))
    return Catalogue(
        data["engine"],
        data["version"],
        data["source"],
        _by_name(data["arguments"]),
        {name: _by_name(entries) for name, entries in data["configs"].items()},
        frozenset(data["environment"]),
    )


def _by_name(entries: list[dict[str, Any]]) -> dict[str, Argument]:
    return {entry["name"]: _argument(entry) for entry in entries}


def _argument(entry: dict[str, Any]) -> Argument:
    flags, choices = tuple(entry.pop("flags", ())), tuple(entry.pop("choices", ()))
    return Argument(**entry, flags=flags, choices=choices)
