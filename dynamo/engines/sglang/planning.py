"""What the launcher asks of SGLang before anything is started. Imports no SGLang."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import EnginePlan, LaunchPlan, RankGroup
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.argument_checks import check_arguments, check_environment
from dynamo.engines.catalogue import load
from dynamo.engines.choices import engine_version, judged
from dynamo.engines.sglang import kind_rules, model_rules, rules
from dynamo.engines.sglang import memory as sglang_memory
from dynamo.engines.sglang.arguments import engine_plan as plan_engine
from dynamo.engines.sglang.arguments import sglang
from dynamo.engines.sglang.command import serve_command
from dynamo.engines.sglang.command import worker_command as command_of_worker
from dynamo.engines.sglang.kv_events import use_kv_events
from dynamo.engines.sglang.machine_share import gpus
from dynamo.engines.sglang.worker_kind import ENDPOINT_TYPES, chosen_kinds, component
from dynamo.engines.traits import WorkerTraits
from dynamo.engines.worker_command import WorkerCommand


def check(config: Config, machine: Machine) -> list[Problem]:
    """Check each argument against the catalogue, then all of them together."""
    version = engine_version("sglang", config, machine)
    catalogue = load("sglang", version)
    problems = check_arguments(config.backend.engine, catalogue)
    problems += check_environment(config.backend.environment, catalogue)
    problems = judged(problems, catalogue, version)
    every_rule = (*rules.RULES, *kind_rules.RULES, *model_rules.RULES)
    return problems + [problem for rule in every_rule for problem in rule(config, machine)]


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """Return the engine's plan and what was decided for the user."""
    return plan_engine(config, machine)


def memory(config: Config, machine: Machine, plan: EnginePlan) -> MemoryPlan | None:
    """Say what SGLang takes, and estimate it where the model is known."""
    return sglang_memory.memory_plan(model_rules.model_of(config, machine), plan, machine)


def argument_names() -> Iterable[str]:
    """Return the names of all arguments of the newest known version."""
    return load("sglang").arguments


def command(plan: LaunchPlan) -> str:
    """Return the equivalent `python -m sglang.launch_server` command line."""
    return serve_command(plan.engine)


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the equivalent command line of Dynamo's own worker."""
    return command_of_worker(plan)


def packages(arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """Nothing is needed beside the engine."""
    return {}


def traits(config: Config, arguments: Mapping[str, Any]) -> WorkerTraits:
    """R80, R98, R105, R151, R153, R156: what SGLang's settings say about the worker around it."""
    backend = sglang(config)
    kinds = chosen_kinds(backend)
    return WorkerTraits(
        gpus=gpus(arguments),
        use_kv_events=use_kv_events(arguments.get("kv_events_config")),
        model_input="text" if backend.use_sglang_tokenizer else "tokens",
        component=component(config, backend),
        endpoint_types=ENDPOINT_TYPES[kinds[0]] if kinds else None,
        tool_call_parser=arguments.get("tool_call_parser"),
        reasoning_parser=arguments.get("reasoning_parser"),
        group=rank_group(arguments),
        options=worker_options(config),
    )


def rank_group(arguments: Mapping[str, Any]) -> RankGroup | None:
    """R105: of several machines only the first takes requests, whatever is split over them."""
    if int(arguments.get("nnodes") or 1) < 2:
        return None
    leads = int(arguments.get("node_rank") or 0) == 0
    return RankGroup(str(arguments.get("dist_init_addr")), leads)


def worker_options(config: Config) -> dict[str, Any]:
    """Return the settings that concern the worker around the engine."""
    backend = sglang(config)
    options: dict[str, Any] = {
        "kind": next(iter(chosen_kinds(backend)), "generation"),
        "gateway_workers": backend.gateway_workers or 1,
        "engine_routes": list(backend.engine_routes),
        "enable_rl": backend.enable_rl,
    }
    if config.multimodal.enabled:
        options["dedicated_mm_encoder"] = backend.dedicated_mm_encoder
        options["embedding_transfer_mode"] = backend.embedding_transfer_mode
    if backend.image_diffusion_worker:
        options["image_diffusion_fs_url"] = backend.image_diffusion_fs_url
        options["image_diffusion_base_url"] = backend.image_diffusion_base_url
    return options
