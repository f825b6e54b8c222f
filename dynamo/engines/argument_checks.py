"""Check engine arguments against a catalogue: instantly, offline, and all of them at once."""

import operator
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dynamo.config.assignment import override_text
from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.engines.argument_types import accepts, converted, in_words, names, size_from_text
from dynamo.engines.catalogue import Argument, Catalogue

PREFIX = "backend.engine"
UNITS = "an integer, or a text such as 16k (16000) or 16{} (16384)"


def check_arguments(
    arguments: Mapping[str, object], catalogue: Catalogue, prefix: str = PREFIX
) -> list[Problem]:
    """Report unknown names, wrong types, values that are no choice and values out of bounds."""
    problems: list[Problem] = []
    for name, value in arguments.items():
        argument = catalogue.arguments.get(name)
        if argument is None:
            problems.append(_unknown_argument(name, value, catalogue, prefix))
        else:
            problems += _check_value(argument, value, f"{prefix}.{name}", catalogue)
    return problems


def check_environment(
    variables: Iterable[str], catalogue: Catalogue, prefix: str = "backend.environment"
) -> list[Problem]:
    """Notice variables that look like the engine's but that it does not read."""
    problems: list[Problem] = []
    for name in variables:
        near = closest(name, catalogue.environment, limit=1, at_most=2)
        own = name.upper().startswith(f"{catalogue.engine.upper()}_")
        if name not in catalogue.environment and (near or own):
            text = f"is not a variable of {catalogue.engine} {catalogue.version}"
            meant = f"{prefix}.{near[0]}" if near else ""
            problems.append(Problem(f"{prefix}.{name}", "", text, suggestion=meant, fatal=False))
    return problems


def as_override(path: str, value: object) -> str:
    """Write `path=value` so that it can be pasted into a shell."""
    word = isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*", value)
    read_back = word and str(value).lower() not in ("true", "false", "null", "nan", "inf")
    text = f"{path}={value if read_back else override_text(value)}"
    if re.fullmatch(r"[\w.,:=+/@%-]+", text):
        return text
    return shlex.quote(text) if re.search(r"[\"$`\\!]", text) else f'"{text}"'


def _unknown_argument(name: str, value: Any, catalogue: Catalogue, prefix: str) -> Problem:
    text = f"is not an argument of {catalogue.engine} {catalogue.version}"
    meant, negated = _meant(name, catalogue)
    value_meant = not value if negated and isinstance(value, bool) else value
    suggestion = as_override(f"{prefix}.{meant}", value_meant) if meant else ""
    return Problem(f"{prefix}.{name}", value, text, suggestion=suggestion)


def _meant(name: str, catalogue: Catalogue) -> tuple[str, bool]:
    """Return the argument that was meant, and whether its negation was written."""
    spelling = name.lstrip("-").replace("-", "_")
    argument = catalogue.argument_for(name)
    if argument is None:
        near = closest(spelling, catalogue.spellings, limit=1)
        if not near:
            return "", False
        spelling = near[0]
        argument = catalogue.spellings[spelling]
    return argument.name, spelling.startswith("no_")


def _check_value(
    argument: Argument, value: Any, path: str, catalogue: Catalogue
) -> Iterator[Problem]:
    sized = argument.units and isinstance(value, str)
    number = size_from_text(value, argument.units) if sized else None
    if argument.units == "auto" and value == "auto":
        return
    if argument.choices and not argument.takes_list:
        if not (value is None and argument.nullable):
            yield from _check_choice(argument, value, path)
    elif number is not None:
        yield from _check_bounds(argument, number, path, value)
    elif not accepts(argument.type, value):
        yield _wrong_type(argument, value, path)
    else:
        yield from _check_bounds(argument, value, path, value)
        yield from _check_inside(argument, value, path, catalogue)


def _check_choice(argument: Argument, value: Any, path: str) -> Iterator[Problem]:
    if any(_same(value, choice, argument.spelling) for choice in argument.choices):
        return
    allowed = ", ".join(str(choice) for choice in argument.choices)
    meant = _nearest_choice(value, argument.choices)
    suggestion = as_override(path, meant) if meant is not None else ""
    yield Problem(path, value, "is not one of the choices", allowed, suggestion)


def _nearest_choice(value: Any, choices: Sequence[Any]) -> Any:
    """Return the nearest number, the nearest text, or the only text that contains the value."""
    numbers = [choice for choice in choices if isinstance(choice, int)]
    if numbers and isinstance(value, int | float):
        return min(numbers, key=lambda number: abs(number - value))
    texts = [choice for choice in choices if isinstance(choice, str)]
    near = closest(str(value), texts, limit=1)
    around = [text for text in texts if str(value).lower() in text.lower()]
    return near[0] if near else around[0] if len(around) == 1 else None


def _same(value: Any, choice: Any, spelling: str) -> bool:
    if spelling and isinstance(value, str) and isinstance(choice, str):
        value, choice = value.lower(), choice.lower()
        value = value.replace("-", "_") if "-" in spelling else value
    return type(value) is type(choice) and bool(value == choice)


def _wrong_type(argument: Argument, value: Any, path: str) -> Problem:
    expected = in_words(argument.type.removesuffix(" | null"))
    if value is None:
        return Problem(path, "null", "cannot be null; leave it out for the default", expected)
    meant = converted(argument.type, value)
    suggestion = as_override(path, meant) if meant is not None else ""
    binary = "Ki" if argument.units == "iec" else "K"
    allowed = UNITS.format(binary) if argument.units else in_words(argument.type)
    return Problem(path, value, f"is not {expected}", allowed, suggestion)


def _check_bounds(argument: Argument, number: Any, path: str, value: Any) -> Iterator[Problem]:
    if not isinstance(number, int | float) or isinstance(number, bool):
        return
    limits = (
        (argument.ge, operator.ge, "{} or more"),
        (argument.gt, operator.gt, "more than {}"),
        (argument.le, operator.le, "at most {}"),
        (argument.lt, operator.lt, "less than {}"),
    )
    given = [(bound, holds, text) for bound, holds, text in limits if bound is not None]
    if not all(holds(number, bound) for bound, holds, _ in given):
        allowed = " and ".join(text.format(bound) for bound, _, text in given)
        yield Problem(path, value, "is out of range", allowed)


def _check_inside(
    argument: Argument, value: Any, path: str, catalogue: Catalogue
) -> Iterator[Problem]:
    """Check the items of a list with choices, and the fields of a config class."""
    if argument.choices and isinstance(value, list | tuple):
        for item in value:
            yield from _check_choice(argument, item, path)
    for name in names(argument.type) if isinstance(value, Mapping) else ():
        for key, item in value.items() if name in catalogue.configs else ():
            field = catalogue.configs[name].get(str(key))
            if field is None:
                yield _unknown_field(str(key), item, path, name, catalogue)
            else:
                yield from _check_value(field, item, f"{path}.{key}", catalogue)


def _unknown_field(key: str, item: Any, path: str, owner: str, catalogue: Catalogue) -> Problem:
    known = catalogue.configs[owner]
    near = closest(key.replace("-", "_"), known, limit=1)
    suggestion = as_override(f"{path}.{near[0]}", item) if near else ""
    text = f"is not a field of {catalogue.engine}'s {owner}"
    return Problem(f"{path}.{key}", item, text, ", ".join(known), suggestion)
