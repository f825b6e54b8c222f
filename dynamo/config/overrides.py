"""Check the command line's overrides before Hydra composes them, and find all that is wrong."""

import json
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, QuotedString, RangeSweep
from hydra.errors import HydraException

from dynamo.config.assignment import COMMAND_LINE, Assignment, override_text
from dynamo.config.nesting import ALLOWED as DEPTH_ALLOWED
from dynamo.config.nesting import TOO_DEEP, is_too_deep
from dynamo.config.problems import Problem
from dynamo.config.schema_index import SchemaIndex
from dynamo.config.suggest import closest
from dynamo.config.values import InvalidValueError, check_type

NO_CONNECTOR = ("none", "null")
LONGEST_KEY = 200
"""Characters; a key may become the name of a file that Hydra looks for."""
SHOWN = 40
"""Characters of what is too long to be shown whole."""


@dataclass(frozen=True)
class Vocabulary:
    """Every name that an override may use."""

    schema: SchemaIndex
    groups: frozenset[str]
    options: Callable[[str], Sequence[str]]
    """Options of a config group."""
    engine_arguments: Callable[[], Iterable[str]] = tuple
    """Names of all engine arguments; asked only to make a suggestion."""
    backend: Callable[[Iterable[str]], str | None] = lambda _overrides: None
    """The backend that overrides choose; None when they choose several."""


@dataclass(frozen=True)
class CheckedOverrides:
    """Overrides that Hydra can compose, and what is wrong with the others."""

    assignments: tuple[Assignment, ...]
    problems: tuple[Problem, ...]

    @property
    def texts(self) -> list[str]:
        return [assignment.text for assignment in self.assignments]


def check_overrides(
    overrides: Iterable[str], names: Vocabulary, *, sweep: bool = False, source: str = COMMAND_LINE
) -> CheckedOverrides:
    """Check each override on its own; `sweep` allows several values for one key."""
    parser = OverridesParser.create()
    good: list[Assignment] = []
    problems: list[Problem] = []
    for text in overrides:
        try:
            override = _parse(parser, text)
        except (HydraException, RecursionError, ValueError) as error:
            problems.append(_unreadable(text, error, source))
            continue
        found = list(_check(override, names, sweep, source))
        problems += found
        if not found:
            good.append(_assignment(override, names, source))
    return CheckedOverrides(tuple(good), tuple(problems))


def _parse(parser: OverridesParser, text: str) -> Override:
    try:
        return parser.parse_override(text)
    except HydraException:
        key, _, value = text.partition("=")
        try:
            return parser.parse_override(f"{key}={override_text(json.loads(value))}")
        except (ValueError, TypeError):
            pass
        raise


def _syntax_problem(text: str, error: str, source: str) -> Problem:
    key, equals, value = text.partition("=")
    if not equals:
        return Problem(text, "", "has no value", "key=value", source=source)
    if not re.fullmatch(r"[\w.@/~+:-]+", key):
        return Problem(key, value, "is not a key", "names joined by dots", source=source)
    first_line = error.splitlines()[0] if error else "cannot be read"
    return Problem(
        key, value, f"cannot be read: {first_line}", "a quoted text, number, list or mapping",
        f'"{key}={override_text(value)}"', source=source,
    )  # fmt: skip


def _unreadable(text: str, error: Exception, source: str) -> Problem:
    """Say why a text is no override; Python reads no integer of thousands of digits."""
    key, _, value = text.partition("=")
    if isinstance(error, RecursionError):
        return _too_deep(key, value, source)
    if isinstance(error, HydraException):
        return _syntax_problem(text, str(error), source)
    allowed = "a quoted text, or fewer digits"
    return Problem(key, f"{value[:SHOWN]}...", "is too long a number", allowed, source=source)


def _too_deep(key: str, value: str, source: str) -> Problem:
    return Problem(key, f"{value[:SHOWN]}...", TOO_DEEP, DEPTH_ALLOWED, source=source)


def _check(override: Override, names: Vocabulary, sweep: bool, source: str) -> Iterator[Problem]:
    key = override.key_or_group
    if len(key) > LONGEST_KEY:
        yield Problem(f"{key[:SHOWN]}...", "", "is too long for a key", source=source)
        return
    if any(map(is_too_deep, _values(override))):
        yield _too_deep(key, _written(override), source)
        return
    if key.split(".")[0].split("/")[0] == "hydra":
        return
    if override.is_sweep_override() and not sweep:
        yield _sweep_problem(override, names, source)
    elif _is_empty_range(override):
        text = "gives no value"
        yield Problem(key, _written(override), text, "range(first,end,step)", source=source)
    elif key in names.groups:
        yield from _check_group(override, names, source)
    elif override.is_delete():
        yield from _check_deletion(key, names, source)
    else:
        yield from _check_setting(override, names, source)


def _sweep_problem(override: Override, names: Vocabulary, source: str) -> Problem:
    key, value = override.key_or_group, _written(override)
    field = names.schema.fields.get(key)
    is_list = key == "connector" or (field and typing.get_origin(field.type) is list)
    return Problem(
        key, value, "gives several values", "one value, or -m to run each of them",
        f"{key}=[{value}]" if is_list else f"-m {key}={value}", source=source,
    )  # fmt: skip


def _is_empty_range(override: Override) -> bool:
    """Whether a sweep runs over a range without values; Python has no range in steps of 0."""
    value: Any = override.value()
    if not isinstance(value, RangeSweep):
        return False
    try:
        return next(iter(value.range()), None) is None
    except ValueError:
        return True


def _written(override: Override) -> str:
    return str(override.input_line).partition("=")[2]


def _values(override: Override) -> list[Any]:
    """Return each value that the override gives; a sweep over ranges or globs gives none."""
    value: Any = override.value()
    if not override.is_sweep_override():
        return [_plain(value)]
    return [_plain(item) for item in value.list] if isinstance(value, ChoiceSweep) else []


def _plain(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    return value


def _check_group(override: Override, names: Vocabulary, source: str) -> Iterator[Problem]:
    group = override.key_or_group
    for value in _values(override):
        chosen = value if isinstance(value, list) else [value]
        options = [_option(group, option) for option in chosen]
        if group == "connector" and len(options) > 1 and "none" in options:
            text = "cannot be combined with another connector"
            meant = ",".join(option for option in options if option != "none")
            yield Problem(
                group, ",".join(map(str, chosen)), text, "none alone, or connectors without none",
                f"{group}=[{meant}]" if meant else f"{group}=none", "R49", source,
            )  # fmt: skip
        for written, option in zip(chosen, options, strict=True):
            yield from _check_option(group, written, option, names, source)


def _check_option(
    group: str, written: Any, option: str, names: Vocabulary, source: str
) -> Iterator[Problem]:
    if option == "null" and group == "preset":
        return
    folder, _, name = f"{group}/{option}".rpartition("/")
    allowed = names.options(folder)
    if name in allowed:
        return
    near = closest(name, allowed, limit=1)
    meant = f"{group}={near[0]}" if near else ""
    if not near and group == "model":
        meant = f"model.path={written}"
    rule = "R48" if group == "connector" else ""
    text = f"is not an option of the group {group}"
    yield Problem(group, written, text, ", ".join(sorted(allowed)), meant, rule, source)


def _option(group: str, value: Any) -> str:
    if group != "connector":
        return "null" if value is None else str(value)
    lowered = "null" if value is None else str(value).lower()
    return "none" if lowered in NO_CONNECTOR else lowered


def _check_deletion(key: str, names: Vocabulary, source: str) -> Iterator[Problem]:
    field = names.schema.owner_of(key)
    if field is None or field.path == key:
        text = "cannot be removed: it is part of every configuration"
        yield Problem(f"~{key}", "", text, "entries of a mapping", source=source)


def _check_setting(override: Override, names: Vocabulary, source: str) -> Iterator[Problem]:
    key = override.key_or_group
    field = names.schema.owner_of(key)
    if field is None:
        yield _unknown(override, names, source)
        return
    if field.path != key:
        return
    for value in _values(override):
        try:
            check_type(value, field)
        except InvalidValueError as error:
            meant = f"{key}={error.suggestion}" if error.suggestion else ""
            yield Problem(key, value, str(error), error.allowed, meant, source=source)


def _unknown(override: Override, names: Vocabulary, source: str) -> Problem:
    key = override.key_or_group
    value = _written(override)
    if key in names.schema.sections:
        allowed = ", ".join(sorted(names.schema.children(key)))
        return Problem(key, value, "is a section, not a setting", allowed, source=source)
    meant = names.schema.meant(key, names.engine_arguments()) or _nearest_group(key, names)
    suggestion = f"{meant}={value}" if meant else ""
    return Problem(key, value, "is not a known setting", suggestion=suggestion, source=source)


def _nearest_group(key: str, names: Vocabulary) -> str:
    near = closest(key, names.groups, limit=1)
    return near[0] if near else ""


def _assignment(override: Override, names: Vocabulary, source: str) -> Assignment:
    key, text = override.key_or_group, str(override.input_line)
    field = names.schema.owner_of(key)
    selects = key in names.groups
    if key == "connector" and not override.is_sweep_override():
        value = override.value()
        chosen = value if isinstance(value, list) else [value]
        text = f"connector=[{','.join(_option(key, _plain(item)) for item in chosen)}]"
    elif (
        field is not None
        and typing.get_origin(field.type) is dict
        and not text.startswith(("+", "~"))
    ):
        text = f"++{text}"
    values = _values(override)
    value = values[0] if len(values) == 1 else _written(override)
    return Assignment(key, value, source, text, selects)
