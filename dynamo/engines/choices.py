"""What is chosen the same way for every engine: device, version, and arguments nobody set."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.catalogue import Catalogue, catalogue_versions, load


def chosen_device(config: Config, machine: Machine) -> str:
    """Resolve `backend.device=auto`: a GPU when the machine has one."""
    if config.backend.device != "auto":
        return config.backend.device
    return "cuda" if machine.gpus else "cpu"


def engine_version(engine: str, config: Config, machine: Machine) -> str:
    """Return the version to plan for: chosen, else installed, else the newest that is known."""
    installed = machine.engine_versions.get(engine)
    return config.backend.version or installed or catalogue_versions(engine)[0]


def catalogue_notes(engine: str, title: str, version: str) -> list[str]:
    """Say so when arguments are checked against the catalogue of another version."""
    used = load(engine, version).version
    if used == version:
        return []
    return [f"{title} {version} has no argument catalogue; that of {used} was used."]


def judged(problems: Iterable[Problem], catalogue: Catalogue, version: str) -> list[Problem]:
    """Make problems notices when the catalogue is that of another version.

    That version may well accept it: say so, and leave the decision to the engine.
    """
    if catalogue.version == version:
        return list(problems)
    return [replace(problem, fatal=False) for problem in problems]


@dataclass(frozen=True)
class Decision:
    """One engine argument that is decided unless the user gave it."""

    name: str
    value: Any
    why: str
    """One sentence without its full stop."""
    rule: str = ""

    @property
    def note(self) -> str:
        """Say what was decided for the user."""
        value = str(self.value).lower() if isinstance(self.value, bool) else self.value
        number = f" ({self.rule})" if self.rule else ""
        return f"backend.engine.{self.name} is {value}: {self.why}{number}."
