"""Shorthands that vLLM's parser writes out before it reads: `--config`, `-O3`, dotted flags."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem
from dynamo.engines.argument_types import human_readable_int
from dynamo.engines.catalogue import load
from dynamo.engines.flag_reading import dashed, is_flag
from dynamo.engines.importing import Prepared, ReadFile

LEVELS = ("0", "1", "2", "3")


def written_out(words: Sequence[str], read: ReadFile) -> Prepared:
    """Return words without shorthands, in the order in which vLLM reads them."""
    notes: list[Problem] = []
    if words.count("--config") > 1:
        problem = Problem("--config", " ".join(words), "is given more than once")
        return Prepared(tuple(words), (problem,))
    if "--config" in words:
        place = words.index("--config")
        path = words[place + 1] if place + 1 < len(words) else ""
        rest = [*words[:place], *words[place + 2 :]]
        try:
            own = list(_file_words(read(path), path, notes))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            problem = Problem("--config", path, f"cannot be used: {reason}", source=COMMAND_LINE)
            return Prepared(tuple(rest), (problem,))
        model, rest = (rest[:1], rest[1:]) if rest and not is_flag(rest[0]) else ([], rest)
        words = [*model, *own, *rest]
    words = list(_without_dots(list(_without_levels(words)), notes))
    return Prepared(tuple(words), tuple(notes))


def _file_words(text: str, path: str, notes: list[Problem]) -> Iterator[str]:
    """Turn a YAML mapping into words, as vLLM does; the command line comes later and wins."""
    try:
        options = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"is not YAML: {error}") from error
    if not isinstance(options, Mapping):
        raise ValueError("holds no mapping")
    spellings = load("vllm").spellings
    for key, value in options.items():
        if value is False and f"no_{key}".replace("-", "_") in spellings:
            yield f"--no-{key}"
        elif value is False or value == []:
            why = "is passed over by vLLM, which takes it for off"
            notes.append(Problem(str(key), value, why, source=path, fatal=False))
        elif value is True:
            yield f"--{key}"
        elif isinstance(value, list):
            yield from (f"--{key}", *map(str, value))
        else:
            yield f"--{key}"
            yield json.dumps(value) if isinstance(value, Mapping) else str(value)


def _without_levels(words: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        if word == "-O" and words[place + 1 : place + 2] and words[place + 1] in LEVELS:
            yield "--optimization-level"
        elif word.startswith("-O") and word.removeprefix("-O").removeprefix("=") in LEVELS:
            yield from ("--optimization-level", word[-1])
        else:
            yield word


def _without_dots(words: Sequence[str], notes: list[Problem]) -> Iterator[str]:
    """Gather `--flag.key value` into one JSON value per flag, put behind everything else."""
    gathered: dict[str, dict[str, Any]] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not is_flag(word) or "." not in name:
            yield word
            continue
        if not equals:
            value = next(rest, "")
        written = f"{name} {value}"
        if name.endswith("+"):
            name, value = name[:-1], json.dumps(value.split(","))
        flag, *keys = name.split(".")
        nested: Any = _value(value)
        for key in reversed(keys):
            nested = {key: nested}
        for replaced in _merge(gathered.setdefault(dashed(flag), {}), nested):
            why = f"is replaced by a later {written}"
            notes.append(Problem(name, replaced, why, source=COMMAND_LINE, fatal=False))
    for flag, together in gathered.items():
        yield from (flag, json.dumps(together))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        size = human_readable_int(text)
        return text if size is None else size


def _merge(into: dict[str, Any], update: Mapping[str, Any]) -> list[Any]:
    """Merge as vLLM does: mappings by key, lists behind each other; return what is replaced."""
    replaced = []
    for key, value in update.items():
        below = into.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            replaced += _merge(below, value)
        elif isinstance(below, list) and isinstance(value, list):
            into[key] = below + value
        else:
            replaced += [below] if key in into and below != value else []
            into[key] = value
    return replaced
