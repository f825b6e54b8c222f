"""What each single flag of a command line comes to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.known_names import reasoning_parsers, tool_call_parsers
from dynamo.config.problems import Problem
from dynamo.config.redact import redact
from dynamo.config.role_switches import MODE
from dynamo.config.schema_index import schema_index
from dynamo.config.suggest import closest
from dynamo.config.values import InvalidValueError, parse_text
from dynamo.engines.catalogue import Catalogue
from dynamo.engines.flag_reading import ENGINE, FlagKind, GivenFlag, Vocabulary
from dynamo.engines.flag_values import WordError
from dynamo.engines.importing import Importing
from dynamo.launcher.importer.dynamo_flags import DYNAMO, ROLE, UNSERVED, variable_text
from dynamo.launcher.importer.engine_flags import (
    bad_word,
    engine_argument,
    unknown_flag,
    unsayable,
    value_problems,
)
from dynamo.launcher.importer.server import Server

ENGINE_PATH = "backend.engine."
PARSERS: Mapping[str, Callable[[], Sequence[str]]] = {
    "runtime.tool_call_parser": tool_call_parsers,
    "runtime.reasoning_parser": reasoning_parsers,
}
TEMPLATE = "runtime.custom_jinja_template"
APPENDED = ("DYN_SGLANG_ENGINE_ROUTES",)
"""Flags that add up when they are repeated."""


@dataclass(frozen=True)
class Piece:
    """A part of the result."""

    engine: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that say the same as the flags of Dynamo."""
    roles: tuple[str, ...] = ()
    """Switches of roles, as overrides."""
    left_out: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What is needed to understand a flag."""

    server: Server
    module: Importing
    catalogue: Catalogue
    vocabulary: Vocabulary


def joined(pieces: Iterable[Piece]) -> Piece:
    """Put pieces together; later values win."""
    whole = Piece()
    for piece in pieces:
        whole = Piece(
            {**whole.engine, **piece.engine},
            {**whole.settings, **piece.settings},
            {**whole.variables, **piece.variables},
            (*whole.roles, *piece.roles),
            (*whole.left_out, *piece.left_out),
        )
    return whole


def pieces(flags: Sequence[GivenFlag], reading: Reading) -> list[Piece]:
    """Return what each flag comes to; one that is repeated later is replaced, and that is noted."""
    found: list[Piece] = []
    last = {_identity(flag): place for place, flag in enumerate(flags)}
    waiting: dict[str, tuple[str, ...]] = {}
    for place, flag in enumerate(flags):
        kind = flag.kind
        if kind is not None and kind.name in APPENDED:
            waiting[kind.name] = (*waiting.get(kind.name, ()), *flag.values)
            found.append(_piece(replace(flag, values=waiting[kind.name]), reading))
        elif last[_identity(flag)] != place:
            later = flags[last[_identity(flag)]]
            found.append(Piece(left_out=(_note(flag, f"is replaced by a later {later.written}"),)))
        else:
            found.append(_piece(flag, reading))
    return found


def _identity(flag: GivenFlag) -> tuple[str, str]:
    return (flag.kind.owner, flag.kind.name) if flag.kind else ("", flag.text)


def _piece(flag: GivenFlag, reading: Reading) -> Piece:
    kind = flag.kind
    if kind is None:
        version = reading.catalogue.version
        title = reading.server.title if reading.server.worker else reading.catalogue.engine
        return Piece(left_out=(unknown_flag(flag, reading.vocabulary, title, version),))
    if kind.owner == ENGINE:
        return _of_engine(flag, kind, reading)
    if kind.owner == DYNAMO:
        return Piece(variables={kind.name: variable_text(kind, flag.values)})
    if kind.owner == ROLE:
        return Piece(roles=(_role(flag, kind),))
    if kind.owner == UNSERVED:
        return Piece(left_out=(_note(flag, "asks Dynamo for something that has no setting here"),))
    return _of_server(flag, kind, reading)


def _note(flag: GivenFlag, text: str, allowed: str = "") -> Problem:
    value = redact({flag.written: " ".join(flag.values)})[flag.written]
    return Problem(flag.written, value, text, allowed, source=COMMAND_LINE, fatal=False)


def _role(flag: GivenFlag, kind: FlagKind) -> str:
    value = flag.values[0] if flag.values else "false" if kind.negated else "true"
    word = "agg" if kind.name == MODE and value == "null" else value
    return f"{kind.name}={word}"


def _of_engine(flag: GivenFlag, kind: FlagKind, reading: Reading) -> Piece:
    catalogue = reading.catalogue
    argument = catalogue.arguments[kind.name]
    if argument.nargs == "" and not argument.action and len(flag.values) != 1:
        return Piece()  # already reported: it has no value
    try:
        value = engine_argument(flag, kind, catalogue)
    except WordError as error:
        return Piece(left_out=(bad_word(flag, error, argument),))
    home = reading.module.HOMES.get(kind.name)
    if redact({kind.name: value}) != {kind.name: value}:
        return Piece(left_out=(_note(flag, "may hold a secret and is not written down"),))
    if reason := unsayable(value):
        return Piece(left_out=(_note(flag, reason),))
    problems = tuple(value_problems(flag, kind.name, value, catalogue))
    if problems:
        return Piece(left_out=problems)
    if home is None:
        return joined([Piece(engine={kind.name: value}), _parser(kind, value, reading)])
    first, *others = value if isinstance(value, list) else [value]
    text = "is a further name; a model has one name here"
    notes = tuple(_note(replace(flag, values=(other,)), text) for other in others)
    return Piece(settings={home: first}, left_out=notes)


def _parser(kind: FlagKind, value: Any, reading: Reading) -> Piece:
    """vLLM's own server reads reasoning with the engine's parser; here the frontend does."""
    name = "runtime.reasoning_parser"
    own_server = reading.server.backend == "vllm" and not reading.server.worker
    if kind.name == "reasoning_parser" and own_server and value in PARSERS[name]():
        return Piece(settings={name: value})
    return Piece()


def _of_server(flag: GivenFlag, kind: FlagKind, reading: Reading) -> Piece:
    own = reading.module.SERVER
    home = own.homes.get(kind.name)
    if home is None:
        return Piece(left_out=(_note(flag, own.reasons.get(kind.name, own.otherwise)),))
    if kind.takes == "switch":
        value: Any = not kind.negated
    elif not flag.values:
        return Piece()  # already reported: it has no value
    else:
        try:
            value = parse_text(flag.values[0], schema_index().fields[home])
        except InvalidValueError as error:
            problem = Problem(
                flag.written, flag.values[0], str(error), error.allowed, source=COMMAND_LINE
            )
            return Piece(left_out=(problem,))
    if refused := _refused(flag, home, value):
        return Piece(left_out=(refused,))
    if home.startswith(ENGINE_PATH):
        return Piece(engine={home.removeprefix(ENGINE_PATH): value})
    return Piece(settings={home: value})


def _refused(flag: GivenFlag, home: str, value: Any) -> Problem | None:
    """Say why a value of a server's flag is none of the setting that says the same."""
    if value is None:
        return _note(flag, "is empty and says nothing")
    if reason := unsayable(value):
        return _note(flag, reason)
    if home in PARSERS and value not in PARSERS[home]():
        known = PARSERS[home]()
        near = closest(str(value), known, limit=1)
        text = "is no parser of Dynamo's frontend"
        allowed = ", ".join(known)
        return replace(_note(flag, text, allowed), suggestion=f"{home}={near[0]}" if near else "")
    if home == TEMPLATE and ("{" in value or "\n" in value):
        return _note(flag, "is the template itself: put it into a file", f"{TEMPLATE}=FILE")
    return None
