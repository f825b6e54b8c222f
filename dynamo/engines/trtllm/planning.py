"""What the launcher asks of TensorRT-LLM before anything is started. Imports no TensorRT-LLM."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.catalogue import load
from dynamo.engines.choices import engine_version, judged
from dynamo.engines.traits import WorkerTraits
from dynamo.engines.trtllm import memory as trtllm_memory
from dynamo.engines.trtllm import modality, model_rules
from dynamo.engines.trtllm.arguments import (
    OVERRIDES,
    publishes_kv_events,
    publishes_metrics,
    trtllm,
)
from dynamo.engines.trtllm.arguments import engine_plan as plan_engine
from dynamo.engines.trtllm.command import serve_command
from dynamo.engines.trtllm.command import worker_command as command_of_worker
from dynamo.engines.trtllm.extra_file import argument_problems
from dynamo.engines.trtllm.machine_share import gpus
from dynamo.engines.trtllm.rules import RULES
from dynamo.engines.worker_command import WorkerCommand


def check(config: Config, machine: Machine) -> list[Problem]:
    """Check the arguments of each place against the catalogue, then all settings together.

    Variables of `backend.environment` are not checked: not all that the engine reads are on record.
    """
    version = engine_version("trtllm", config, machine)
    catalogue = load("trtllm", version)
    backend = trtllm(config)
    problems = list(argument_problems(backend.extra_engine_args, catalogue))
    problems += check_arguments(backend.engine, catalogue)
    problems += check_arguments(backend.override_engine_args, catalogue, OVERRIDES)
    problems = judged(problems, catalogue, version)
    every_rule = (*RULES, *model_rules.RULES)
    return problems + [problem for rule in every_rule for problem in rule(config, machine)]


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """Return the engine's plan and what was decided for the user."""
    return plan_engine(config, machine)


def memory(config: Config, machine: Machine, plan: EnginePlan) -> MemoryPlan | None:
    """Say what TensorRT-LLM takes, and estimate it where the model is known."""
    if modality.is_diffusion(config):
        return None
    return trtllm_memory.memory_plan(machine.models.get(config.model.path), plan, machine)


def argument_names() -> Iterable[str]:
    """Return the names of all recorded arguments."""
    return load("trtllm").arguments


def command(plan: LaunchPlan) -> str:
    """Return the equivalent `trtllm-serve` command line."""
    return serve_command(plan)


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the equivalent command line of Dynamo's own worker."""
    return command_of_worker(plan)


def packages(arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """Nothing is needed beside the engine."""
    return {}


def traits(config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
    """R98, R162: what TensorRT-LLM's settings say about the worker around it."""
    return WorkerTraits(
        gpus=gpus(arguments),
        use_kv_events=publishes_kv_events(trtllm(config)),
        component=modality.component(config),
        takes_media=modality.modality(config) == "multimodal",
        endpoint_types=modality.ENDPOINT_TYPES.get(modality.modality(config)),
        options=worker_options(config),
    )


def worker_options(config: Config) -> dict[str, Any]:
    """Return the settings that concern the worker around the engine."""
    backend = trtllm(config)
    options: dict[str, Any] = {"modality": modality.modality(config)}
    if modality.is_diffusion(config):
        return options | {"diffusion": modality.diffusion_options(config)}
    options |= {
        "kv_block_size": backend.kv_block_size,
        "publish_metrics": publishes_metrics(backend),
        "conversation_affinity": backend.conversation_affinity,
        "conversation_affinity_dp_rank_source": backend.conversation_affinity_dp_rank_source,
        "model_loader_extra_config": dict(backend.model_loader_extra_config),
    }
    if modality.modality(config) == "multimodal":
        options["encode_endpoint"] = backend.encode_endpoint
        options["allowed_local_media_path"] = backend.allowed_local_media_path
        options["max_file_size_mb"] = backend.max_file_size_mb
    return options
