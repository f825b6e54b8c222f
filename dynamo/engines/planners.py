"""Which module plans which engine. Planning is pure and imports no engine library."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from dynamo.config.adoption import Adopt, Adopted
from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.traits import WorkerTraits
from dynamo.engines.worker_command import WorkerCommand


class Planner(Protocol):
    """What the planning module of an engine offers."""

    def check(self, config: Config, machine: Machine) -> list[Problem]:
        """Apply the rules that only this engine has."""
        ...

    def engine_plan(self, config: Config, machine: Machine) -> tuple[EnginePlan, Sequence[str]]:
        """Return the plan of a checked configuration, and what was decided for the user."""
        ...

    def memory(self, config: Config, machine: Machine, plan: EnginePlan) -> MemoryPlan | None:
        """Return what the engine will take of the devices; None for one that holds no model."""
        ...

    def argument_names(self) -> Iterable[str]:
        """Return the names of all engine arguments."""
        ...

    def command(self, plan: LaunchPlan) -> str:
        """Return the equivalent command line of the engine's own server."""
        ...

    def worker_command(self, plan: LaunchPlan) -> WorkerCommand:
        """Return the equivalent command line of Dynamo's own worker."""
        ...

    def packages(self, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what must be importable beside the engine, and what to install for it."""
        ...

    def traits(self, config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
        """Return what the engine's own settings say about the worker around it."""
        ...


_MODULES = {
    "vllm": "dynamo.engines.vllm.planning",
    "sglang": "dynamo.engines.sglang.planning",
    "trtllm": "dynamo.engines.trtllm.planning",
    "mocker": "dynamo.engines.mocker.planning",
}

_OPTION_FILES = {"sglang": "dynamo.engines.sglang.option_file"}
"""Modules that read an engine's own configuration file while the configuration is composed."""


def planner(backend: str) -> Planner:
    """Import the planning module of a backend."""
    return cast(Planner, importlib.import_module(_MODULES[backend]))


def plan_engine(config: Config, machine: Machine) -> tuple[EnginePlan, Sequence[str]]:
    """Plan the engine of a checked configuration."""
    return planner(config.backend.name).engine_plan(config, machine)


def plan_memory(config: Config, machine: Machine, plan: EnginePlan) -> MemoryPlan | None:
    """Say what the engine will take of the devices."""
    return planner(config.backend.name).memory(config, machine, plan)


def worker_traits(config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
    """Ask the engine what its settings say about the worker around it."""
    return planner(config.backend.name).traits(config, arguments)


def check_engine(config: Config, machine: Machine) -> list[Problem]:
    """Apply the rules of the chosen engine."""
    return planner(config.backend.name).check(config, machine)


def option_file_reader(machine: Machine) -> Adopt:
    """Return what composing asks for the settings in an engine's own file (R143)."""

    def adopt(backend: Mapping[str, Any]) -> Adopted:
        module = _OPTION_FILES.get(backend["name"])
        if module is None:
            return Adopted()
        found: Adopted = importlib.import_module(module).adopt(backend, machine)
        return found

    return adopt


def all_argument_names() -> set[str]:
    """Return the argument names of every engine, for suggestions."""
    return {name for backend in _MODULES for name in planner(backend).argument_names()}
