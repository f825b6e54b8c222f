"""The command line of vLLM's own server for the same engine (`action=command`)."""

import json
from collections.abc import Iterator

from dynamo.config.plan import EnginePlan
from dynamo.engines import command_line
from dynamo.engines.catalogue import Catalogue, load

NO_FLAG = "# not on vLLM's command line:"


def serve_command(plan: EnginePlan) -> str:
    """Return `VARIABLE=value vllm serve MODEL --flag value`, one per line, ready to paste."""
    catalogue = load("vllm", plan.version)
    comments = [
        f"{NO_FLAG} {name}={json.dumps(value)}"
        for name, value in command_line.without_flag(plan.arguments, catalogue)
    ]
    server = f"vllm serve {command_line.model_text(str(plan.arguments['model']))}"
    words = flag_words(plan, catalogue)
    return "\n".join([*comments, command_line.command_text(plan.environment, server, words)])


def flag_words(plan: EnginePlan, catalogue: Catalogue) -> Iterator[list[str]]:
    """Yield each argument as the words that vLLM's parser takes, without the model."""
    arguments = {name: value for name, value in plan.arguments.items() if name != "model"}
    return command_line.flag_words(arguments, catalogue)
