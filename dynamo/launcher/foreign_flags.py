"""Flags in the style of other launchers: refused, each with the override that says the same."""

import functools
import re
import shlex
import typing
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dynamo.config.aliases import LISTS, canonical_key
from dynamo.config.assignment import COMMAND_LINE, override_text
from dynamo.config.problems import Problem
from dynamo.config.role_switches import MODE, SWITCHES, read_role_switches
from dynamo.config.schema_index import schema_index
from dynamo.config.suggest import closest
from dynamo.engines.flag_reading import is_flag
from dynamo.engines.planners import all_argument_names
from dynamo.launcher.importer.dynamo_flags import DYNAMO, PREFIXES, dynamo_kinds

OVERRIDE = re.compile(r"[+~]*[\w./@-]+=")
ALLOWED = "see --help; python -m dynamo.config.importer reads whole command lines"
PLAIN = re.compile(r"[\w./:@+-]+|[\[{].*")
"""What needs no quotes as a value: simple words, and lists and mappings such as JSON."""


@dataclass(frozen=True)
class ForeignFlag:
    """One flag with the values that follow it."""

    flag: str
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        """The flag without dashes in front, and with underscores for those inside."""
        return self.flag.lstrip("-").replace("-", "_")


def foreign_flags(arguments: Sequence[str], known: Collection[str]) -> Iterator[ForeignFlag]:
    """Yield every flag that is not known; abbreviations are not known either (R18)."""
    for position, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if not is_flag(argument) or flag in known:
            continue
        if equals:
            yield ForeignFlag(flag, (value,))
        else:
            yield ForeignFlag(flag, tuple(_values(arguments[position + 1 :])))


def flag_problems(flags: Sequence[ForeignFlag]) -> list[Problem]:
    """Return one problem for each flag, with the override to write instead."""
    return [
        Problem(
            flag.flag, " ".join(flag.values), "is not a flag: settings are written key=value",
            ALLOWED, override or _near_override(flag), source=COMMAND_LINE,
        )
        for flag, override in zip(flags, translations(flags), strict=True)
    ]  # fmt: skip


def role_conflicts(flags: Sequence[ForeignFlag]) -> list[Problem]:
    """R191: name all role flags that exclude each other, or whose value is no role."""
    return [
        problem for problem in read_role_switches(_switches(flags), {}).problems if problem.fatal
    ]


def translations(flags: Sequence[ForeignFlag]) -> list[str]:
    """Return the override that says the same as each flag, ready for a shell; "" for none."""
    role = _role(flags)
    engine = all_argument_names()
    return [_override(flag, role, engine) for flag in flags]


def _values(following: Sequence[str]) -> Iterator[str]:
    for argument in following:
        if is_flag(argument) or OVERRIDE.match(argument):
            return
        yield argument


def _role(flags: Sequence[ForeignFlag]) -> str:
    """Return the role that all role flags together mean; empty when they mean none."""
    chosen = read_role_switches(_switches(flags), {}).chosen
    return str(chosen.value) if chosen else ""


def _switches(flags: Sequence[ForeignFlag]) -> list[str]:
    return [_switch(flag) for flag in flags if _positive(flag.name) in (*SWITCHES, MODE)]


def _switch(flag: ForeignFlag) -> str:
    value = "false" if _is_negated(flag) else ",".join(flag.values) or "true"
    return f"{_positive(flag.name)}={value}"


def _override(flag: ForeignFlag, role: str, engine: Collection[str]) -> str:
    """Return what says the same; empty when the flag is not known."""
    name = _positive(flag.name)
    if name in (*SWITCHES, MODE):
        return f"role={role}" if role else "role=aggregated" if _is_negated(flag) else "role=..."
    if _is_negated(flag) and (key := _key(name, engine)):
        return f"{key}=false"
    return _assigned(_key(flag.name, engine), flag)


def _near_override(flag: ForeignFlag) -> str:
    """Return the override that was probably meant; empty when the flag resembles nothing."""
    return _assigned(_nearest(flag.name, all_argument_names()), flag)


def _assigned(key: str, flag: ForeignFlag) -> str:
    return shlex.quote(f"{key}={_value(key, flag.values)}") if key else ""


def _key(name: str, engine: Collection[str]) -> str:
    """Return the key that a flag's name stands for; empty when there is none."""
    if name == "model":
        return "model.path"
    if canonical := canonical_key(name) or canonical_key(f"vllm.{name}"):
        return canonical
    if name.split(".", maxsplit=1)[0] in engine:
        return f"backend.engine.{name}"
    return _settings_of_workers().get(name, "")


@functools.cache
def _settings_of_workers() -> dict[str, str]:
    """Return the settings that stand for flags of Dynamo's workers, by the flags' names."""
    homes = {
        variable: field.setting.selects or field.path
        for field in schema_index().fields.values()
        for variable in field.setting.env
    }
    kinds = {flag: kind for backend in PREFIXES for flag, kind in dynamo_kinds(backend).items()}
    return {
        ForeignFlag(flag, ()).name: homes[kind.name]
        for flag, kind in kinds.items()
        if kind.owner == DYNAMO and not kind.negated
    }


def _nearest(name: str, engine: Collection[str]) -> str:
    near = closest(name, engine, limit=1)
    return f"backend.engine.{near[0]}" if near else ""


def _value(key: str, values: Sequence[str]) -> str:
    if key == "runtime.endpoint_types":
        values = [word for value in values for word in value.split(",")]
    if len(values) > 1 or (_is_list(key) and values):
        return "[" + ",".join(map(_text, values)) + "]"
    return _text(values[0]) if values else "true"


def _is_list(key: str) -> bool:
    field = schema_index().fields.get(key)
    return key in LISTS or (field is not None and typing.get_origin(field.type) is list)


def _text(value: str) -> str:
    return value if PLAIN.fullmatch(value) else override_text(value)


def _is_negated(flag: ForeignFlag) -> bool:
    return flag.name.startswith("no_") and not flag.values


def _positive(name: str) -> str:
    return name.removeprefix("no_")
