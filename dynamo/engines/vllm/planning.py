"""What the launcher asks of vLLM before anything is started. Imports no vLLM."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import EnginePlan, LaunchPlan, OmniPlan
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, VllmBackend
from dynamo.engines.argument_checks import check_arguments, check_environment
from dynamo.engines.catalogue import load
from dynamo.engines.choices import engine_version, judged
from dynamo.engines.traits import WorkerTraits
from dynamo.engines.vllm import memory as vllm_memory
from dynamo.engines.vllm import mode_rules, model_rules, rank_groups, rules
from dynamo.engines.vllm.arguments import engine_plan as plan_engine
from dynamo.engines.vllm.command import serve_command
from dynamo.engines.vllm.command import worker_command as command_of_worker
from dynamo.engines.vllm.connector_packages import connector_packages
from dynamo.engines.vllm.kv_events import use_kv_events
from dynamo.engines.vllm.machine_share import gpus, listening_ports
from dynamo.engines.worker_command import WorkerCommand


def check(config: Config, machine: Machine) -> list[Problem]:
    """Check each argument against the catalogue, then all of them together."""
    version = engine_version("vllm", config, machine)
    catalogue = load("vllm", version)
    problems = check_arguments(config.backend.engine, catalogue)
    problems += check_environment(config.backend.environment, catalogue)
    problems = judged(problems, catalogue, version)
    every_rule = (*rules.RULES, *mode_rules.RULES, *model_rules.RULES, *rank_groups.RULES)
    return problems + [problem for rule in every_rule for problem in rule(config, machine)]


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """Return the engine's plan and what was decided for the user."""
    return plan_engine(config, machine)


def memory(config: Config, machine: Machine, plan: EnginePlan) -> MemoryPlan:
    """Say what vLLM takes, and estimate it where the model is known."""
    return vllm_memory.memory_plan(model_rules.model_of(config, machine), plan, machine)


def argument_names() -> Iterable[str]:
    """Return the names of all arguments of the newest known version."""
    return load("vllm").arguments


def command(plan: LaunchPlan) -> str:
    """Return the equivalent `vllm serve` command line."""
    return serve_command(plan.engine, headless=rank_groups.follows(plan.group))


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the equivalent command line of Dynamo's own worker."""
    return command_of_worker(plan)


def packages(arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the connectors need that does not come with vLLM."""
    return connector_packages(arguments.get("kv_transfer_config"))


def traits(config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
    """R75, R94, R104, R105, R113, R129: what vLLM's own settings say about the worker."""
    backend = cast(VllmBackend, config.backend)
    return WorkerTraits(
        use_kv_events=use_kv_events(arguments.get("kv_events_config")),
        model_input="text" if backend.use_vllm_tokenizer else "tokens",
        omni=OmniPlan(backend.stage_configs_path) if backend.omni else None,
        sleep_mode_level=backend.sleep_mode_level,
        gpus=gpus(arguments),
        ports=listening_ports(config, arguments),
        group=rank_groups.rank_group(config, arguments),
    )
