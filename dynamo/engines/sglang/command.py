"""The command line of SGLang's own server for the same engine (`action=command`)."""

import json
from collections.abc import Iterator
from dataclasses import replace

from dynamo.config.plan import EnginePlan, LaunchPlan
from dynamo.engines import command_line
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.worker_command import WorkerCommand, flat, without_secrets

NO_FLAG = "# not on SGLang's command line:"
ROLES = {
    "multimodal_processor": ("--multimodal-processor",),
    "multimodal_worker": ("--dedicated-mm-encoder",),
}
"""Flags of roles that are not in the engine's own arguments."""
TOKENS_ONLY = "# With --skip-tokenizer-init SGLang's own server takes token ids, no text."


def serve_command(plan: EnginePlan) -> str:
    """Return `VARIABLE=value python -m sglang.launch_server --flag value`, ready to paste."""
    catalogue = load("sglang", plan.version)
    comments = [
        f"{NO_FLAG} {name}={json.dumps(value)}"
        for name, value in command_line.without_flag(plan.arguments, catalogue)
    ]
    if plan.arguments.get("skip_tokenizer_init"):
        comments.append(TOKENS_ONLY)
    model = command_line.model_text(str(plan.arguments["model_path"]))
    server = f"python -m sglang.launch_server --model-path {model}"
    words = flag_words(plan, catalogue)
    return "\n".join([*comments, command_line.command_text(plan.environment, server, words)])


def flag_words(plan: EnginePlan, catalogue: Catalogue) -> Iterator[list[str]]:
    """Yield each argument as the words that SGLang's parser takes, without the model."""
    arguments = {name: value for name, value in plan.arguments.items() if name != "model_path"}
    return command_line.flag_words(arguments, catalogue)


def worker_command(plan: LaunchPlan) -> WorkerCommand:
    """Return the command line of Dynamo's SGLang worker; SGLang itself has a flag for its half."""
    engine = plan.engine
    arguments, secrets = without_secrets(engine.arguments)
    shown = replace(engine, arguments=arguments)
    catalogue = load("sglang", engine.version)
    words = (*ROLES.get(plan.role, ()), *flat(flag_words(shown, catalogue)))
    left_out = command_line.without_flag(arguments, catalogue)
    return WorkerCommand(
        "dynamo.sglang",
        ("--model-path", str(engine.arguments["model_path"]), *words),
        ("backend.config", "backend.config_key"),
        (*secrets, *(f"{name}={json.dumps(value)}" for name, value in left_out)),
    )
