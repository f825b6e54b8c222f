"""Environment variables as attributes: `envs.DYN_VLLM_KV_EVENT_PORT`.

Each read looks at the environment again, so a change is seen at once (R73, R177); who keeps the
value is asked no more. The variables are those of the schema, with its types, defaults and ranges;
an empty text counts as unset, except for a list or a boolean.
"""

import dataclasses
import functools
import os
from typing import Any

from dynamo.config.fields import FieldInfo
from dynamo.config.schema_index import schema_index
from dynamo.config.suggest import closest
from dynamo.config.values import InvalidValueError, check_limits, parse_text, split_list


def is_set(name: str) -> bool:
    """R74: whether a variable is present in the environment.

    Raises:
        AttributeError: no setting has this variable.
    """
    _field(name)
    return name in os.environ


def __getattr__(name: str) -> Any:
    """R71 to R73: the variable's value, or the setting's default.

    Raises:
        AttributeError: no setting has this variable.
        ValueError: the text is not of the setting's type, or out of its range, such as the
            registered ports 1024 to 49151 of `DYN_VLLM_KV_EVENT_PORT`.
    """
    field = _field(name)
    value = _parse(name, os.environ.get(name), field)
    problems = check_limits(value, field)
    if problems:
        raise ValueError(f"{name}={value} {problems[0].message}: {problems[0].allowed}")
    return value


def __dir__() -> list[str]:
    return [*globals(), *_fields()]


def _parse(name: str, text: str | None, field: FieldInfo) -> Any:
    if text is None:
        return _default(field)
    if field.setting.selects:
        # Chooses options of a config group: their names, not what they stand for.
        return text.strip() if field.type is str else split_list(text.lower(), "")
    try:
        value = parse_text(text, field)
    except InvalidValueError as error:
        raise ValueError(f"{name}={text!r} {error}: {error.allowed}") from error
    return _default(field) if value is None else value


def _default(field: FieldInfo) -> Any:
    declared = next(one for one in dataclasses.fields(field.owner) if one.name == field.name)
    if declared.default_factory is not dataclasses.MISSING:
        return [] if field.setting.selects else declared.default_factory()
    return declared.default


def _field(name: str) -> FieldInfo:
    field = _fields().get(name)
    if field is None:
        near = closest(name, _fields(), limit=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"no setting has a variable {name}{meant}")
    return field


@functools.cache
def _fields() -> dict[str, FieldInfo]:
    return {name: field for field in schema_index().fields.values() for name in field.setting.env}
