"""What an engine package offers for reading command lines that were written for its engine."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from dynamo.config.problems import Problem
from dynamo.config.schema import ConnectorEntry
from dynamo.engines.flag_reading import FlagKind

ReadFile = Callable[[str], str]
"""Returns the text of a file that a command line names; raises OSError."""


@dataclass(frozen=True)
class Found:
    """What a command line says, in the terms of this program."""

    worker: bool
    """Whether it starts Dynamo's worker, not the engine's own server."""
    groups: Mapping[str, Any] = field(default_factory=dict)
    """Chosen options of config groups."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Values by dotted path."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the engine, under its own names."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for the engine."""
    left_out: tuple[Problem, ...] = ()
    """What cannot be said in a preset, and why; fatal ones are mistakes."""


@dataclass(frozen=True)
class ServerFlags:
    """Flags of an engine's own HTTP server, which this program does not start."""

    kinds: Mapping[str, FlagKind]
    homes: Mapping[str, str]
    """Settings that say the same, by the name of the flag."""
    reasons: Mapping[str, str]
    """Why a flag is not needed or cannot be said; for all others `otherwise` says it."""
    otherwise: str


@dataclass(frozen=True)
class Prepared:
    """Words without the shorthands that only one engine's parser knows."""

    words: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    engine: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the engine that a file gives and that win over the words."""


class Importing(Protocol):
    """What the importing module of an engine offers."""

    SERVER: ServerFlags
    HOMES: Mapping[str, str]
    """Settings for arguments that are no arguments of the engine here."""

    def prepared(self, words: Sequence[str], read: ReadFile, *, worker: bool) -> Prepared:
        """Write out the shorthands of the engine's parser, or of Dynamo's worker for it."""
        ...

    def default_model(self, *, worker: bool) -> str | None:
        """Return the model of a command line that names none; None where that is refused."""
        ...

    def settled(self, found: Found, connectors: Mapping[str, ConnectorEntry]) -> Found:
        """Say in settings what they can say better than the engine's arguments."""
        ...


_MODULES = {
    "vllm": "dynamo.engines.vllm.importing",
    "sglang": "dynamo.engines.sglang.importing",
    "trtllm": "dynamo.engines.trtllm.importing",
}


def importing(backend: str) -> Importing:
    """Import the module of a backend."""
    return cast(Importing, importlib.import_module(_MODULES[backend]))


def server_kinds(
    switches: Sequence[str] = (), values: Sequence[str] = (), lists: Sequence[str] = ()
) -> dict[str, FlagKind]:
    """Return flags of a server by their spelling; a switch has a negation too."""
    taking = {"one": values, "any": lists, "switch": switches}
    kinds = {
        f"--{name.replace('_', '-')}": FlagKind(name, takes, "server")
        for takes, names in taking.items()
        for name in names
    }
    negations = {
        f"--no-{name.replace('_', '-')}": FlagKind(name, "switch", "server", negated=True)
        for name in switches
    }
    return kinds | negations
