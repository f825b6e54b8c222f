"""From a command line to settings: each word finds its place, or the reason why it has none."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.problems import Problem
from dynamo.config.role_switches import VARIABLES as ROLE_VARIABLES
from dynamo.config.role_switches import read_role_switches
from dynamo.config.schema import ConnectorEntry
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.flag_reading import GivenFlag, read_flags
from dynamo.engines.importing import Found, importing
from dynamo.launcher.importer.dynamo_flags import DYNAMO
from dynamo.launcher.importer.pieces import Piece, Reading, joined, pieces
from dynamo.launcher.importer.server import Server, find_server
from dynamo.launcher.importer.source import Source, SourceError
from dynamo.launcher.importer.variables import read_variables
from dynamo.launcher.importer.vocabulary import vocabulary

WITHOUT_FLAG = re.compile(r"not on .* command line: (\w+)=(.*)")
LEGACY_HALVES = ("is_prefill_worker=true", "is_decode_worker=true")
"""Switches of a Dynamo that used NIXL unless told otherwise."""
MODEL = "model.path"


@dataclass(frozen=True)
class Translation:
    """A command line in the terms of this program."""

    server: Server
    found: Found


def translate(
    source: Source, versions: Mapping[str, str], connectors: Mapping[str, ConnectorEntry]
) -> Translation:
    """Return everything that the command line says; `versions` are those of the engines.

    Raises:
        SourceError: it starts no known server, or is no text.
    """
    _refuse_bytes((*source.words, *source.environment.values()))
    command = find_server(source.words)
    server = command.server
    module = importing(server.backend)
    catalogue = load(server.backend, versions.get(server.backend))
    prepared = module.prepared(command.words, source.read, worker=server.worker)
    reading = Reading(server, module, catalogue, vocabulary(server, catalogue.version))
    read = read_flags(prepared.words, reading.vocabulary)
    whole = joined([*pieces(read.flags, reading), _from_comments(source.comments, catalogue)])
    positional = _positional(read.positional, server, named=MODEL in whole.settings)
    environment = {**source.environment, **command.environment}
    said = _from_variables(environment, whole, read.flags, server)
    found = Found(
        worker=server.worker,
        groups=said.groups,
        settings={**source.settings, **said.settings, **whole.settings, **positional.settings},
        engine={**whole.engine, **prepared.engine},
        environment=said.environment,
        left_out=(
            *source.notes, *command.notes, *prepared.problems, *read.problems,
            *whole.left_out, *positional.left_out, *said.left_out,
        ),
    )  # fmt: skip
    return Translation(server, _completed(module.settled(found, connectors), server, whole.roles))


def _refuse_bytes(texts: Iterable[str]) -> None:
    for text in texts:
        if not text.isprintable() and any("\ud800" <= char <= "\udfff" for char in text):
            raise SourceError(Problem("command", ascii(text), "is not UTF-8 text"))


def _positional(words: tuple[str, ...], server: Server, *, named: bool) -> Piece:
    """Take the first word without a flag for the model, where the server does."""
    takes = not server.worker and server.backend != "sglang" and not named
    own = words[:1] if takes else ()
    extra = tuple(
        Problem(word, "", "belongs to no flag", source=COMMAND_LINE) for word in words[len(own) :]
    )
    return Piece(settings=dict.fromkeys([MODEL], own[0]) if own else {}, left_out=extra)


def _from_comments(comments: Iterable[str], catalogue: Catalogue) -> Piece:
    """Read what `action=command` could not say by a flag."""
    engine: dict[str, Any] = {}
    for comment in comments:
        matched = WITHOUT_FLAG.fullmatch(comment)
        if matched and matched[1] in catalogue.arguments:
            try:
                engine[matched[1]] = json.loads(matched[2])
            except (ValueError, RecursionError):
                continue
    return Piece(engine=engine)


def _from_variables(
    environment: Mapping[str, str], whole: Piece, flags: Iterable[GivenFlag], server: Server
) -> Found:
    """Read the environment, with Dynamo's flags over it, and all that chooses a role."""
    spelled = {flag.kind.name: flag for flag in flags if flag.kind and flag.kind.owner == DYNAMO}
    replaced = [
        Problem(name, environment[name], f"is replaced by {spelled[name].written}",
                source="environment", fatal=False)
        for name in whole.variables if name in environment
    ]  # fmt: skip
    read = read_variables({**environment, **whole.variables}, server.backend)
    roles = {name: text for name, text in environment.items() if name in ROLE_VARIABLES}
    choice = read_role_switches(whole.roles, roles)
    groups = dict(read.groups)
    if choice.chosen:
        groups["role"] = choice.chosen.value
    problems = [_as_flag(problem, spelled) for problem in read.left_out]
    refused = [problem for problem in choice.problems if problem.fatal]
    left_out = (*replaced, *problems, *refused)
    return Found(server.worker, groups, read.settings, {}, read.environment, left_out)


def _as_flag(problem: Problem, spelled: Mapping[str, GivenFlag]) -> Problem:
    """Speak of the flag where a variable stands for one."""
    flag = spelled.get(problem.path)
    if flag is None:
        return problem
    meant = problem.suggestion.removeprefix(f"{problem.path}=")
    suggestion = f"{flag.written} {meant}" if meant else ""
    return replace(problem, path=flag.written, suggestion=suggestion, source=COMMAND_LINE)


def _completed(found: Found, server: Server, roles: tuple[str, ...]) -> Found:
    """Choose what the server takes for granted: its deployment, its connector, its model."""
    groups, settings = dict(found.groups), dict(found.settings)
    problems = list(found.left_out)
    if server.worker and "connector" not in groups:
        legacy = server.backend == "vllm" and any(switch in roles for switch in LEGACY_HALVES)
        own = found.engine.get("kv_transfer_config") is not None
        groups["connector"] = ["nixl"] if legacy and not own else ["none"]
    if MODEL not in settings:
        model = importing(server.backend).default_model(worker=server.worker)
        if model is not None:
            settings[MODEL] = model
        else:
            problems.append(Problem("command", server.title, "names no model"))
    chosen = {"deployment": "cluster" if server.worker else "local", "backend": server.backend}
    return replace(found, groups={**chosen, **groups}, settings=settings, left_out=tuple(problems))
