"""The command line of vLLM's own server for the same engine (`action=command`)."""

import json
from collections.abc import Iterator
from dataclasses import replace

from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.engines import command_line
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.vllm.rank_groups import follows
from dynamo.engines.worker_command import WorkerCommand, flat, role_words, without_secrets

HEADLESS = "--headless"
NO_FLAG = "# not on vLLM's command line:"
SAID_BY_THE_ENGINE = (
    "backend.headless",
    "backend.kv_event_port",
    "backend.nixl_side_channel_host",
    "backend.nixl_side_channel_port",
    "multimodal.ec_connector_backend",
    "multimodal.ec_storage_path",
    "multimodal.ec_extra_config",
    "multimodal.ec_consumer_mode",
)
"""Settings that the engine's arguments and variables were made of."""


def serve_command(plan: EnginePlan, *, headless: bool = False) -> str:
    """Return `VARIABLE=value vllm serve MODEL --flag value`, one per line, ready to paste."""
    catalogue = load("vllm", plan.version)
    comments = [
        f"{NO_FLAG} {name}={json.dumps(value)}"
        for name, value in command_line.without_flag(plan.arguments, catalogue)
    ]
    server = f"vllm serve {command_line.model_text(str(plan.arguments['model']))}"
    words = [*([[HEADLESS]] if headless else []), *flag_words(plan, catalogue)]
    return "\n".join([*comments, command_line.command_text(plan.environment, server, words)])


def flag_words(plan: EnginePlan, catalogue: Catalogue) -> Iterator[list[str]]:
    """Yield each argument as the words that vLLM's parser takes, without the model."""
    arguments = {name: value for name, value in plan.arguments.items() if name != "model"}
    return command_line.flag_words(arguments, catalogue)


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the command line of Dynamo's vLLM worker for the same engine."""
    engine = plan.engine
    arguments, secrets = without_secrets(engine.arguments)
    shown = replace(engine, arguments=arguments)
    catalogue = load("vllm", engine.version)
    ranks = (HEADLESS,) if follows(plan.group) else ()
    words = (*role_words(plan.role), *ranks, *flat(flag_words(shown, catalogue)))
    left_out = command_line.without_flag(arguments, catalogue)
    return WorkerCommand(
        "dynamo.vllm",
        ("--model", str(engine.arguments["model"]), *words),
        SAID_BY_THE_ENGINE,
        (*secrets, *(f"{name}={json.dumps(value)}" for name, value in left_out)),
    )
