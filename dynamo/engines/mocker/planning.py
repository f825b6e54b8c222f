"""Plan the simulated engine."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.engines.kv_events import has_readers
from dynamo.engines.mocker.arguments import MockArguments, mock_arguments
from dynamo.engines.traits import WorkerTraits
from dynamo.engines.worker_command import WorkerCommand, flat

DYNAMO_FLAGS = {
    "max_num_seqs": "--max-num-seqs",
    "max_num_batched_tokens": "--max-num-batched-tokens",
    "block_size": "--block-size",
    "num_gpu_blocks": "--num-gpu-blocks-override",
}
"""Flags of Dynamo's simulated engine, by the argument here that says the same."""


def check(config: Config, machine: Machine) -> list[Problem]:
    """Check argument names one by one, then the values together."""
    known = list(argument_names())
    problems = [
        _unknown(name, value, known)
        for name, value in config.backend.engine.items()
        if name not in known
    ]
    if not problems:
        try:
            mock_arguments(config.backend.engine)
        except (TypeError, ValueError) as error:
            problems = [Problem("backend.engine", "", str(error))]
    return problems


def _unknown(name: str, value: object, known: Sequence[str]) -> Problem:
    near = closest(name, known, limit=1)
    meant = f"backend.engine.{near[0]}={value}" if near else ""
    text = "is not an argument of the mocker"
    return Problem(f"backend.engine.{name}", value, text, ", ".join(known), meant)


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, Sequence[str]]:
    """Return the arguments as given, whether KV events are published, and the model's vocabulary:
    the mock engine fills in its own defaults."""
    arguments = dict(config.backend.engine)
    if (facts := machine.models.get(config.model.path)) is not None:
        arguments.setdefault("vocab_size", facts.vocab_size)
    if has_readers(config, arguments.get("enable_prefix_caching", True)):
        arguments.setdefault("publish_kv_events", True)
    environment = dict(config.backend.environment)
    return EnginePlan("mocker", "1", "cpu", arguments, environment), ()


def memory(config: Config, machine: Machine, plan: EnginePlan) -> None:
    """The mock engine loads no model."""


def argument_names() -> Iterable[str]:
    """Return the names of all arguments of the mock engine."""
    return (field.name for field in dataclasses.fields(MockArguments))


def command(plan: LaunchPlan) -> str:
    """The mock engine runs inside the worker only."""
    return "# The mocker has no server of its own."


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the command line of Dynamo's own simulated engine, which knows some arguments only."""
    arguments = plan.engine.arguments
    flags = [["--model-path", plan.model.path], ["--model-name", plan.model.served_name]]
    flags += [
        [flag, str(arguments[name])] for name, flag in DYNAMO_FLAGS.items() if name in arguments
    ]
    not_said = [f"{name}={value}" for name, value in arguments.items() if name not in DYNAMO_FLAGS]
    return WorkerCommand("dynamo.mocker", flat(flags), (), tuple(not_said))


def packages(arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """Nothing is needed beside the engine."""
    return {}


def traits(config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
    """R75: KV events are in use exactly when the mock engine publishes them."""
    return WorkerTraits(
        use_kv_events=bool(arguments.get("publish_kv_events")),
        model_input="text" if arguments.get("use_tokenizer") else "tokens",
    )
