"""Adopt the options of a YAML file as SGLang's `--config` takes it (R143 to R149).

SGLang turns such a file into words of its command line, and Dynamo writes a chosen section into a
temporary file first. Here the file is read where it stands, so nothing has to be removed (R147) and
neither constructor of SGLang's merger is needed (R148).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.adoption import Adopted
from dynamo.config.aliases import canonical_key
from dynamo.config.assignment import Assignment, override_text
from dynamo.config.fields import leaves
from dynamo.config.foreign_file import Entry, ForeignFileError, read_entries
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.role_switches import MODE, MODES, SWITCHES, role_of
from dynamo.config.schema import SglangBackend
from dynamo.engines.argument_types import accepts, converted
from dynamo.engines.catalogue import Argument, Catalogue, load

ELSEWHERE = {"model_path": "model.path", "served_model_name": "model.served_name"}
"""Arguments that are settings of their own here."""
GROUPS = ("store", "request_plane", "event_plane", "connector")
NO_MODE = "null"
"""SGLang's own word for a worker that does both halves."""


def adopt(backend: Mapping[str, Any], machine: Machine) -> Adopted:
    """R143: return what the file says, as assignments that environment and command line beat."""
    path, section = backend["config"], backend["config_key"]
    if not path:
        return Adopted(problems=tuple(_key_without_file(section)))
    try:
        entries = read_entries(path, section)
    except ForeignFileError as error:
        return Adopted(problems=(_unusable(path, section, str(error)),))
    version = backend["version"] or machine.engine_versions.get("sglang")
    catalogue = load("sglang", version)
    lines = (line for entry in entries for line in _assignments(entry, path, catalogue))
    return Adopted(tuple(lines))


def _key_without_file(section: str | None) -> Iterator[Problem]:
    """R146: a section is one of a file.

    Dynamo 0.9.1 ignores the key then; 1.0.2 refuses it, and wants a key for every file, which the
    documents, followed here, do not.
    """
    if section:
        text = "names a section, and there is no backend.config"
        meant = "backend.config=FILE"
        yield Problem("backend.config_key", section, text, "both, or no key", meant, "R146")


def _unusable(path: str, section: str | None, error: str) -> Problem:
    """R145: the file or its section cannot be used."""
    about_section = section is not None and section in error
    key, value = ("backend.config_key", section) if about_section else ("backend.config", path)
    allowed = "a YAML file with a mapping of SGLang's options, or of sections that hold one"
    return Problem(key, value, f"{path} {error}" if about_section else error, allowed, "", "R145")


def _assignments(entry: Entry, path: str, catalogue: Catalogue) -> Iterator[Assignment]:
    """Say where an option stands here; SGLang's own options come before Dynamo's."""
    name = entry.key.lstrip("-").replace("-", "_")
    source = f"{path}:{entry.line}"
    argument = meant_argument(name, catalogue)
    if name == MODE or name in SWITCHES:
        yield from _role(name, entry.value, source)
    elif argument is not None:
        value = argument_value(argument, entry.value)
        if value != []:  # SGLang passes an empty list over
            yield _argument(argument.name, value, source)
    elif name in {field.name for field in leaves(SglangBackend)}:
        yield _setting(f"backend.{name}", entry.value, source)
    else:
        yield _dynamo(name, entry.value, source)


def meant_argument(name: str, catalogue: Catalogue) -> Argument | None:
    """Find an argument by its name, a flag, or the only long flag that begins so.

    SGLang's parser takes abbreviations, and its documents write `tp` for `tp-size`.
    """
    found = catalogue.argument_for(name)
    if found is not None or name in {field.name for field in leaves(SglangBackend)}:
        return found
    begun = {item.name: item for word, item in catalogue.spellings.items() if word.startswith(name)}
    return next(iter(begun.values())) if len(begun) == 1 else None


def argument_value(argument: Argument, value: Any) -> Any:
    """Return the value in the argument's type, as SGLang reads it from the text of a flag."""
    if accepts(argument.type, value) or argument.units:
        return value
    meant = converted(argument.type, value)
    return value if meant is None else meant


def _argument(name: str, value: Any, source: str) -> Assignment:
    key = ELSEWHERE.get(name)
    if key is not None:
        return _setting(key, value, source)
    key = f"backend.engine.{name}"
    return Assignment(key, value, source, f"++{key}={override_text(value)}")


def _setting(key: str, value: Any, source: str) -> Assignment:
    return Assignment(key, value, source, f"{key}={override_text(value)}")


def _role(name: str, value: Any, source: str) -> Iterator[Assignment]:
    """A mode or a switch chooses a role; a switch that is off chooses none."""
    word = "agg" if name == MODE and value in (None, NO_MODE) else str(value).lower()
    role = role_of(name, word)
    if name == MODE and word not in MODES:
        yield Assignment("role", value, source, f"role={override_text(value)}", selects=True)
    elif role:
        yield Assignment("role", role, source, f"role={role}", selects=True)


def _dynamo(name: str, value: Any, source: str) -> Assignment:
    """An option of Dynamo's own, such as `dyn-tool-call-parser`; else an unknown argument."""
    key = name if name in GROUPS else canonical_key(name)
    if key in GROUPS:
        return Assignment(key, value, source, f"{key}={override_text(value)}", selects=True)
    if not key:
        return _argument(name, value, source)
    if key == "runtime.endpoint_types" and isinstance(value, str):
        value = [item.strip() for item in value.split(",")]
    return _setting(key, value, source)
