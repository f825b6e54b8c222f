"""The command line of vLLM's own server for the same engine (`action=command`)."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.plan import EnginePlan
from dynamo.config.redact import is_secret_name
from dynamo.engines.catalogue import Argument, Catalogue, load

NO_FLAG = "# not on vLLM's command line:"


def serve_command(plan: EnginePlan) -> str:
    """Return `VARIABLE=value vllm serve MODEL --flag value`, one per line, ready to paste."""
    catalogue = load("vllm", plan.version)
    model = str(plan.arguments["model"])
    variables = [_assignment(name, value) for name, value in plan.environment.items()]
    flags = [" ".join(shlex.quote(word) for word in words) for words in flag_words(plan, catalogue)]
    comments = [
        f"{NO_FLAG} {name}={json.dumps(value)}" for name, value in _without_flag(plan, catalogue)
    ]
    lines = " \\\n".join([*variables, f"vllm serve {_model_text(model)}", *_indented(flags)])
    return "\n".join([*comments, lines])


def _assignment(name: str, value: str) -> str:
    """A secret stays in the environment of whoever pastes the line."""
    return f'{name}="${name}"' if is_secret_name(name) else f"{name}={shlex.quote(value)}"


def _indented(lines: list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _model_text(model: str) -> str:
    """A model inside a PyPI package is converted first; the same module tells where it lies."""
    if model.startswith("pypi:"):
        return f'"$(python -m dynamo.worker.model_files {shlex.quote(model)})"'
    return shlex.quote(model)


def flag_words(plan: EnginePlan, catalogue: Catalogue) -> Iterator[list[str]]:
    """Yield each argument as the words that vLLM's parser takes, without the model."""
    for name, value in plan.arguments.items():
        argument = catalogue.arguments.get(name)
        if name != "model" and argument is not None and argument.flags:
            yield from _words(argument, value)


def _without_flag(plan: EnginePlan, catalogue: Catalogue) -> Iterator[tuple[str, Any]]:
    for name, value in plan.arguments.items():
        argument = catalogue.arguments.get(name)
        if argument is None or (not argument.flags and value != argument.default):
            yield name, value


def _words(argument: Argument, value: Any) -> Iterator[list[str]]:
    """Leave out what a flag cannot say: null, and the off of a switch without negation."""
    flag = argument.flags[0]
    if value is None:
        return
    if argument.action:
        negation = [name for name in argument.flags if name.startswith("--no-")]
        yield from ([word] for word in ([flag] if value else negation))
    elif value is True and argument.nargs == "?":
        yield [flag]
    elif isinstance(value, Mapping):
        yield [flag, json.dumps(value)]
    elif isinstance(value, list | tuple):
        texts = [str(item) for item in value]
        if texts:
            yield [flag, *texts] if argument.nargs == "+" else [flag, ",".join(texts)]
    elif isinstance(value, str) and value.startswith("-"):
        yield [f"{flag}={value}"]
    else:
        yield [flag, str(value)]
