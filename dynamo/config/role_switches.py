"""Roles as they were once chosen: a boolean for each, or a disaggregation mode.

All are read together, from the environment and from the command line, and resolve to one option of
the group `role` (R81, R82).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dynamo.config.assignment import COMMAND_LINE, Assignment
from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.config.values import InvalidValueError, parse_boolean

SWITCHES = {
    "is_prefill_worker": "prefill",
    "is_decode_worker": "decode",
    "multimodal_processor": "multimodal_processor",
    "route_to_encoder": "multimodal_processor",
    "ec_processor": "ec_processor",
    "multimodal_encode_worker": "multimodal_encode_worker",
    "multimodal_worker": "multimodal_worker",
    "multimodal_decode_worker": "multimodal_decode_worker",
    "multimodal_encode_prefill_worker": "multimodal_encode_prefill_worker",
    "vllm_native_encoder_worker": "vllm_native_encoder_worker",
}
"""Role that each boolean chose."""

MODES = {
    "agg": "aggregated",
    "aggregated": "aggregated",
    "pd": "aggregated",
    "prefill_and_decode": "aggregated",
    "prefill": "prefill",
    "decode": "decode",
    "encode": "multimodal_encode_worker",
}
"""Role that each word of a disaggregation mode chose."""

MODE = "disaggregation_mode"
SECTIONS = ("", "runtime.", "backend.", "vllm.", "multimodal.", "role.")

VARIABLES = {
    **{f"DYN_VLLM_{name.removeprefix('vllm_').upper()}": name for name in (*SWITCHES, MODE)},
    "DYN_SGL_MULTIMODAL_PROCESSOR": "multimodal_processor",
    "DYN_SGL_MULTIMODAL_ENCODE_WORKER": "multimodal_encode_worker",
    "DYN_SGL_MULTIMODAL_WORKER": "multimodal_worker",
    "DYN_TRTLLM_DISAGGREGATION_MODE": MODE,
}
"""Environment variables of all engines, and the switches that they set."""

COMBINED = {
    frozenset({"prefill", "multimodal_worker"}): "multimodal_prefill_worker",
    frozenset({"decode", "multimodal_decode_worker"}): "multimodal_decode_worker",
    frozenset({"prefill", "multimodal_encode_prefill_worker"}): "multimodal_encode_prefill_worker",
}
"""Two switches that together mean one role; any other two exclude each other."""


@dataclass(frozen=True)
class Switch:
    """One spelling of a role that somebody used."""

    name: str
    written: str
    """As it was written: an override or `VARIABLE=value`."""
    source: str
    role: str | None
    """None for a boolean that is off."""


@dataclass(frozen=True)
class RoleChoice:
    """What the switches come to."""

    overrides: tuple[str, ...]
    """The command line without switches."""
    chosen: Assignment | None
    problems: tuple[Problem, ...]

    @property
    def from_environment(self) -> list[Assignment]:
        """The choice, if variables alone made it."""
        return [self.chosen] if self.chosen and self.chosen.source != COMMAND_LINE else []

    @property
    def from_command_line(self) -> list[str]:
        """The choice as an override, if the command line took part in it."""
        return [self.chosen.text] if self.chosen and self.chosen.source == COMMAND_LINE else []


def read_role_switches(overrides: Iterable[str], environ: Mapping[str, str]) -> RoleChoice:
    """Resolve all switches to one role; a switch on the command line replaces its variable."""
    rest: list[str] = []
    problems: list[Problem] = []
    switches: dict[str, Switch] = {}
    given = [(VARIABLES[name], value, name) for name, value in environ.items() if name in VARIABLES]
    for override in overrides:
        name = _switch_name(override)
        if name:
            given.append((name, override.partition("=")[2], COMMAND_LINE))
        else:
            rest.append(override)
    for name, value, source in given:
        try:
            switches[name] = _read(name, value, source)
        except InvalidValueError as error:
            problems.append(_bad_value(name, value, source, error))
    found = list(switches.values())
    if not any(switch.source == COMMAND_LINE for switch in found) and _explicit(rest):
        return RoleChoice(tuple(rest), None, tuple(problems))
    problems += _conflicts(found, rest)
    if any(problem.fatal for problem in problems):
        return RoleChoice(tuple(rest), None, tuple(problems))
    return RoleChoice(tuple(rest), _assignment(found), (*problems, *_notices(found)))


def role_of(name: str, value: str = "true") -> str:
    """Return the role that a switch with this value chooses; "" when it is no switch or is off."""
    try:
        return _read(name, value, "").role or ""
    except (InvalidValueError, KeyError):
        return ""


def _switch_name(override: str) -> str:
    key, equals, _ = override.partition("=")
    section, _, name = key.lstrip("+").rpartition(".")
    known = name in SWITCHES or name == MODE
    return name if equals and known and (f"{section}." if section else "") in SECTIONS else ""


def _read(name: str, value: str, source: str) -> Switch:
    word = value.strip().strip("'\"")
    written = f"{name if source == COMMAND_LINE else source}={value}"
    if name != MODE:
        role = SWITCHES[name] if parse_boolean(word or "false") else None
    elif word.lower() in MODES:
        role = MODES[word.lower()]
    else:
        near = closest(word, MODES, limit=1)
        raise InvalidValueError("is not a mode", ", ".join(MODES), near[0] if near else "")
    return Switch(name, written, source, role)


def _bad_value(name: str, value: str, source: str, error: InvalidValueError) -> Problem:
    path = name if source == COMMAND_LINE else source
    where = source if source == COMMAND_LINE else "environment"
    meant = f"{path}={error.suggestion}" if error.suggestion else ""
    return Problem(path, value, str(error), error.allowed, meant, source=where)


def _resolve(switches: Iterable[Switch]) -> str | None:
    """Return the role; "" when several exclude each other, None when nothing is chosen."""
    roles = {switch.role for switch in switches if switch.role}
    named = roles - {"aggregated"} or roles
    if len(named) > 1:
        return COMBINED.get(frozenset(named), "")
    return next(iter(named), None)


def _conflicts(switches: list[Switch], overrides: Iterable[str]) -> Iterator[Problem]:
    """R81, R82: what excludes each other is refused, with everything that takes part."""
    true = [switch for switch in switches if switch.role]
    role = _resolve(true)
    written = [switch.written for switch in true]
    explicit = _explicit(overrides)
    asked = [switch for switch in true if switch.source == COMMAND_LINE]
    if role == "":
        rule = "R81" if {"prefill", "decode"} <= {switch.role for switch in true} else "R82"
    elif explicit and asked and explicit[-1].partition("=")[2] != role:
        rule, written = "R82", [switch.written for switch in asked] + explicit
    else:
        return
    text = f"exclude each other: {', '.join(written)}"
    yield Problem("role", "", text, "one role", "role=...", rule, true[-1].source)


def _explicit(overrides: Iterable[str]) -> list[str]:
    return [text for text in overrides if text.startswith(("role=", "role.name="))]


def _assignment(switches: list[Switch]) -> Assignment | None:
    role = _resolve(switches)
    if not role:
        return None
    true = [switch for switch in switches if switch.role]
    source = next((s.source for s in true if s.source == COMMAND_LINE), true[0].source)
    return Assignment("role", role, source, f"role={role}", selects=True)


def _notices(switches: list[Switch]) -> Iterator[Problem]:
    """Say what is written today, for each switch that was on or stood on the command line."""
    role = _resolve(switches) or "aggregated"
    for switch in switches:
        if switch.role or switch.source == COMMAND_LINE:
            key, _, value = switch.written.partition("=")
            source = switch.source if switch.source == COMMAND_LINE else "environment"
            yield Problem(
                key, value, "is an earlier spelling and was understood",
                suggestion=f"role={role}", source=source, fatal=False,
            )  # fmt: skip
