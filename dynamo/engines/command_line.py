"""Write an engine plan as the command line of the engine's own server (`action=command`)."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dynamo.config.redact import is_secret_name
from dynamo.engines.catalogue import Argument, Catalogue

CONTINUED = " \\\n"
Arguments = Mapping[str, Any]


def command_text(
    environment: Mapping[str, str], server: str, flags: Iterable[Iterable[str]]
) -> str:
    """Return `VARIABLE=value server --flag value`, one per line, ready to paste.

    `server` is shell text already; everything else is quoted here.
    """
    variables = [_assignment(name, value) for name, value in environment.items()]
    quoted = ["  " + " ".join(shlex.quote(word) for word in words) for words in flags]
    return CONTINUED.join([*variables, server, *quoted])


def _assignment(name: str, value: str) -> str:
    """A secret stays in the environment of whoever pastes the line."""
    return f'{name}="${name}"' if is_secret_name(name) else f"{name}={shlex.quote(value)}"


def model_text(model: str) -> str:
    """A model inside a PyPI package is converted first; the same module tells where it lies."""
    if model.startswith("pypi:"):
        return f'"$(python -m dynamo.worker.model_files {shlex.quote(model)})"'
    return shlex.quote(model)


def flag_words(arguments: Arguments, catalogue: Catalogue) -> Iterator[list[str]]:
    """Yield each argument that has a flag as the words that the engine's parser takes."""
    for name, value in arguments.items():
        argument = catalogue.arguments.get(name)
        if argument is not None and argument.flags:
            yield from _words(argument, value)


def without_flag(arguments: Arguments, catalogue: Catalogue) -> Iterator[tuple[str, Any]]:
    """Yield what the command line cannot say."""
    for name, value in arguments.items():
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
    elif isinstance(value, Mapping) or (argument.as_json and not isinstance(value, str)):
        yield [flag, json.dumps(value)]
    elif isinstance(value, list | tuple):
        texts = [str(item) for item in value]
        if texts:
            yield [flag, *texts] if argument.nargs in ("+", "*") else [flag, ",".join(texts)]
    elif isinstance(value, str) and value.startswith("-"):
        yield [f"{flag}={value}"]
    else:
        yield [flag, str(value)]
