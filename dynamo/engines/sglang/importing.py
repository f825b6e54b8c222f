"""Read command lines of `sglang.launch_server` and of Dynamo's SGLang worker."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.foreign_file import Entry, ForeignFileError, entries_of
from dynamo.config.problems import Problem
from dynamo.config.schema import ConnectorEntry
from dynamo.engines.flag_reading import dashed
from dynamo.engines.importing import Found, Prepared, ReadFile, ServerFlags

HOMES = {"model_path": "model.path", "served_model_name": "model.served_name"}
SERVER = ServerFlags({}, {}, {}, "belongs to SGLang's own HTTP server, which is not started here")

FILE = ("--config",)
SECTION = ("--config-key",)
WORKERS_FILE = (*FILE, "--disagg-config")
WORKERS_SECTION = (*SECTION, "--disagg-config-key")
"""Spellings that only Dynamo's worker knows, beside SGLang's own."""


def prepared(words: Sequence[str], read: ReadFile, *, worker: bool) -> Prepared:
    """Put the options of a file in front of the words, which win over them (R143 to R146)."""
    files, sections = (WORKERS_FILE, WORKERS_SECTION) if worker else (FILE, ())
    rest, paths = _taken(words, files)
    if not paths:
        return Prepared(tuple(words))
    rest, keys = _taken(rest, sections)
    if len(paths) > 1 or len(keys) > 1:
        text = "is given more than once"
        problem = Problem(FILE[0], " ".join((*paths, *keys)), text, source=COMMAND_LINE)
        return Prepared(tuple(rest), (problem,))
    path, section = paths[0], keys[0] if keys else None
    try:
        entries = entries_of(read(path), section)
    except (OSError, ForeignFileError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"cannot be used: {reason}"
        return Prepared(tuple(rest), (Problem(FILE[0], path, text, source=COMMAND_LINE),))
    off = [entry for entry in entries if entry.value is False or entry.value == []]
    notes = [
        Problem(entry.key, entry.value, "is passed over by SGLang, which takes it for off",
                source=f"{path}:{entry.line}", fatal=False)
        for entry in off
    ]  # fmt: skip
    own = [word for entry in entries if entry not in off for word in _words(entry)]
    return Prepared((*own, *rest), tuple(notes))


def _taken(words: Sequence[str], flags: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate the values of some flags from all other words."""
    rest: list[str] = []
    values: list[str] = []
    following = iter(words)
    for word in following:
        name, equals, value = word.partition("=")
        if dashed(name) in flags:
            values.append(value if equals else next(following, ""))
        else:
            rest.append(word)
    return rest, values


def _words(entry: Entry) -> Iterator[str]:
    """Write an option of the file as words, as SGLang does."""
    yield f"--{entry.key.lstrip('-')}"
    if isinstance(entry.value, list):
        yield from (_text(item) for item in entry.value)
    elif entry.value is not True:
        yield _text(entry.value)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def default_model(*, worker: bool) -> str | None:
    """SGLang wants to be told."""
    return None


def settled(found: Found, connectors: Mapping[str, ConnectorEntry]) -> Found:
    """Choose device and media, and answer where SGLang's own server would."""
    groups, settings, engine = dict(found.groups), dict(found.settings), dict(found.engine)
    if engine.get("device") == "cpu":
        settings.setdefault("backend.device", "cpu")
    if engine.pop("enable_multimodal", None):
        groups["multimodal"] = "enabled"
    for name in () if found.worker else ("host", "port"):
        if name in engine:
            settings.setdefault(f"frontend.{name}", engine[name])
    return dataclasses.replace(found, groups=groups, settings=settings, engine=engine)
