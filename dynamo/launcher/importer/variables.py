"""Which settings the environment of a command line makes, and which variables stay outside."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.config.assignment import Assignment
from dynamo.config.backend_choice import owner_of_variable
from dynamo.config.environment import PREFIXES, read_environment
from dynamo.config.problems import Problem
from dynamo.config.redact import REDACTED, is_secret_name
from dynamo.config.role_switches import VARIABLES as ROLE_VARIABLES
from dynamo.config.schema_index import schema_index
from dynamo.config.values import FALSE_WORDS, TRUE_WORDS

ENGINE_PREFIX = "backend.environment."
KVBM_PREFIX = "DYN_KVBM_"
"""Variables that KVBM inside the engine reads."""
HARMLESS = re.compile(r"-?\d+(\.\d+)?|" + "|".join((*TRUE_WORDS, *FALSE_WORDS)), re.IGNORECASE)


@dataclass(frozen=True)
class ReadVariables:
    """What variables say."""

    groups: Mapping[str, Any]
    settings: Mapping[str, Any]
    environment: Mapping[str, str]
    """Variables for the engine."""
    left_out: tuple[Problem, ...]


def read_variables(variables: Mapping[str, str], backend: str) -> ReadVariables:
    """Sort variables: settings, variables of the engine, and those that a preset cannot hold.

    Variables of roles are read together with the flags of roles, not here.
    """
    rest = {name: text for name, text in variables.items() if name not in ROLE_VARIABLES}
    outside = {problem.path: problem for problem in _outside(rest, backend)}
    mine = {name: text for name, text in rest.items() if name not in outside}
    read = read_environment(mine, schema_index(backend).fields.values())
    problems = list(read.problems)
    named = {item.source for item in read.assignments} | {problem.path for problem in problems}
    settings = [item for item in read.assignments if not item.key.startswith(ENGINE_PREFIX)]
    engine = {
        item.key.removeprefix(ENGINE_PREFIX): mine[item.source]
        for item in read.assignments
        if item.key.startswith(ENGINE_PREFIX)
    }
    for name in mine.keys() - named:
        if name.startswith(PREFIXES) and not name.startswith(KVBM_PREFIX):
            problems.append(_no_setting(name, mine[name]))
        else:
            engine[name] = mine[name]
    return ReadVariables(
        {item.key: _option(item) for item in settings if item.selects},
        {item.key: item.value for item in settings if not item.selects},
        {name: engine[name] for name in variables if name in engine},
        (*outside.values(), *problems),
    )


def _option(item: Assignment) -> Any:
    """Return a chosen option; no connector is written as none."""
    if item.key != "connector":
        return item.value
    return ["none" if name == "null" else name for name in item.value]


def _outside(variables: Mapping[str, str], backend: str) -> Iterator[Problem]:
    """Yield secrets, and what concerns other backends only."""
    for name, text in variables.items():
        owner = owner_of_variable(name)
        if owner not in (None, backend):
            message = f"concerns the backend {owner} alone"
            yield Problem(name, text, message, source="environment", fatal=False)
        elif may_hold_secret(name, text):
            message = "may hold a secret: export it where the worker runs"
            yield Problem(name, REDACTED, message, source="environment", fatal=False)


def may_hold_secret(name: str, text: str) -> bool:
    """Whether a text of this name is not to be written down; numbers and switches are harmless."""
    return bool(text) and is_secret_name(name) and not HARMLESS.fullmatch(text)


def _no_setting(name: str, text: str) -> Problem:
    if text.strip():
        message = "has no setting here: export it where the worker runs"
    else:
        message = "is empty and says nothing"
    return Problem(name, text, message, source="environment", fatal=False)
