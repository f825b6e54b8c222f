"""The command line of SGLang's own server for the same engine (`action=command`)."""

import json
from collections.abc import Iterator

from dynamo.config.plan import EnginePlan
from dynamo.engines import command_line
from dynamo.engines.catalogue import Catalogue, load

NO_FLAG = "# not on SGLang's command line:"
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
