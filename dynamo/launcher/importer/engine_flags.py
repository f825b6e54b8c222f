"""From flags of an engine to its arguments, checked against the catalogue at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem
from dynamo.config.redact import redact
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.argument_types import accepts, converted, names
from dynamo.engines.catalogue import Argument, Catalogue, catalogue_versions, load
from dynamo.engines.flag_reading import FlagKind, GivenFlag, Vocabulary, dashed
from dynamo.engines.flag_values import WordError, argument_value

UNSAYABLE = "???"
"""A text that Hydra takes for a missing value."""


def engine_argument(flag: GivenFlag, kind: FlagKind, catalogue: Catalogue) -> Any:
    """Return the value that the engine's own parser reads.

    Raises:
        WordError: it would refuse the value.
    """
    argument = catalogue.arguments[kind.name]
    null = catalogue.engine == "vllm"
    value = argument_value(argument, flag.values, negated=kind.negated, nothing=null)
    return with_config_types(value, argument.type, catalogue)


def with_config_types(value: Any, kind: str, catalogue: Catalogue) -> Any:
    """Turn texts inside a config class into numbers where its fields want them, as vLLM does."""
    fields = next(
        (catalogue.configs[name] for name in names(kind) if name in catalogue.configs), {}
    )
    if not isinstance(value, Mapping) or not fields:
        return value
    return {
        key: _as_type(item, fields[key].type, catalogue) if key in fields else item
        for key, item in value.items()
    }


def _as_type(item: Any, kind: str, catalogue: Catalogue) -> Any:
    if isinstance(item, Mapping):
        return with_config_types(item, kind, catalogue)
    if accepts(kind, item):
        return item
    inner = next((name[5:-1] for name in names(kind) if name.startswith("list[")), "")
    if isinstance(item, list) and inner:
        return [_as_type(one, inner, catalogue) for one in item]
    meant = converted(kind, item)
    return item if meant is None else meant


def value_problems(flag: GivenFlag, name: str, value: Any, catalogue: Catalogue) -> list[Problem]:
    """Say what the engine would refuse, as a problem of the flag."""
    return [
        replace(problem, path=flag.written, suggestion=_as_flag(problem.suggestion, name, flag),
                source=COMMAND_LINE)
        for problem in check_arguments({name: value}, catalogue, prefix="")
    ]  # fmt: skip


def _as_flag(override: str, name: str, flag: GivenFlag) -> str:
    """Turn a suggested override of the argument into words of the command line."""
    key, equals, value = override.strip("\"'").removeprefix(".").partition("=")
    if key != name:
        return ""
    return f"{flag.written} {value}" if equals else ""


def bad_word(flag: GivenFlag, error: WordError, argument: Argument) -> Problem:
    """Say that a word is no value of the argument."""
    value = redact({argument.name: " ".join(flag.values)})[argument.name]
    return Problem(flag.written, value, "is no value of this flag", str(error), source=COMMAND_LINE)


def unsayable(value: Any) -> str:
    """Say why a preset cannot hold a value; empty when it can."""
    if value == UNSAYABLE:
        return "cannot be written in a preset, where ??? is a missing value"
    inner = value.values() if isinstance(value, Mapping) else value
    items = inner if isinstance(value, Mapping | list | tuple) else ()
    return next((reason for reason in map(unsayable, items) if reason), "")


def unknown_flag(flag: GivenFlag, vocabulary: Vocabulary, engine: str, version: str) -> Problem:
    """Say that nobody knows a flag, which version did, and what was probably meant."""
    shown = redact({flag.written: " ".join(flag.values)})[flag.written]
    near = vocabulary.nearest(flag.written)
    text = f"is no flag of {engine} {version} and is left out"
    knew = next(_versions_with(flag, engine, version), "")
    if knew:
        text += f"; {knew} had it"
    meant = " ".join((near, *flag.values)) if near and not knew else ""
    return Problem(flag.written, shown, text, suggestion=meant, source=COMMAND_LINE, fatal=False)


def _versions_with(flag: GivenFlag, engine: str, version: str) -> Iterator[str]:
    spelling = dashed(flag.written)
    for other in catalogue_versions(engine):
        known = load(engine, other).arguments.values() if other != version else ()
        if any(spelling in map(dashed, argument.flags) for argument in known):
            yield other
