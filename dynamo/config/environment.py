"""Environment variables as typed overrides: checked like the command line, placed before it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dynamo.config.aliases import EARLIER_VARIABLES, GONE_VARIABLES
from dynamo.config.assignment import Assignment, override_text
from dynamo.config.fields import FieldInfo
from dynamo.config.known_names import runtime_variables
from dynamo.config.problems import Problem
from dynamo.config.redact import has_login, is_secret_name
from dynamo.config.role_switches import VARIABLES
from dynamo.config.suggest import closest, distance
from dynamo.config.values import FALSE_WORDS, InvalidValueError, parse_text

PREFIXES = ("DYN_", "ETCD_", "NATS_")
WORKER_PREFIXES = ("DYN_VLLM_", "DYN_SGL", "DYN_TRTLLM_", "DYN_OMNI_", "DYN_BENCHMARK_")
"""Beginnings of variables that Dynamo's own workers read, and no other process."""
ENGINE_VARIABLE = re.compile(
    r"(VLLM|SGLANG|SGL|TRTLLM|TLLM)_\w+|TRITON_INTERPRET|OMP_NUM_THREADS"
    r"|TORCH_COMPILE_DISABLE|TORCHDYNAMO_DISABLE"
)


@dataclass(frozen=True)
class Environment:
    """What the environment says about the configuration."""

    assignments: tuple[Assignment, ...]
    problems: tuple[Problem, ...]


def read_environment(environ: Mapping[str, str], fields: Iterable[FieldInfo]) -> Environment:
    """Turn variables into assignments (R1 to R3, R9) and report what cannot be used."""
    known: set[str] = set()
    assignments: list[Assignment] = []
    problems: list[Problem] = []
    for field in fields:
        known.update(field.setting.env)
        present = [name for name in field.setting.env if name in environ]
        problems += _contradictions(field, present, environ)
        for name in present[:1]:
            try:
                assignments += _assign(name, environ[name], field)
                problems += _earlier_name(name, environ[name], field)
                problems += _word_without_effect(name, environ[name], field)
            except InvalidValueError as error:
                problems.append(_bad_value(name, environ[name], error))
    assignments += _engine_variables(environ, known)
    problems += _without_effect(environ, known | VARIABLES.keys())
    problems += _unknown_names(environ, known | VARIABLES.keys())
    return Environment(tuple(assignments), tuple(problems))


def _engine_variables(environ: Mapping[str, str], known: set[str]) -> Iterator[Assignment]:
    """Let planning see what the user exported for the engine, so that it is kept, not replaced."""
    for name in sorted(set(environ) - known):
        if ENGINE_VARIABLE.fullmatch(name):
            key = f"backend.environment.{name}"
            text = f"${{oc.env:{name}}}" if is_secret_name(name) else override_text(environ[name])
            yield Assignment(key, environ[name], name, f"++{key}={text}")


def _assign(name: str, text: str, field: FieldInfo) -> Iterator[Assignment]:
    group = field.setting.selects
    if group:
        options: str | list[str] = text.strip()
        if field.type is not str:
            options = text.lower().split() or ["none"]
        if options:
            yield Assignment(group, options, name, f"{group}={_option_text(options)}", selects=True)
        return
    value = parse_text(text, field)
    if field.setting.secret or (isinstance(value, str) and has_login(value)):
        # A reference instead of the text: overrides are shown, logged and stored by Hydra.
        yield Assignment(field.path, value, name, f"{field.path}=${{oc.env:{name}}}")
    elif value is not None:
        yield Assignment(field.path, value, name, f"{field.path}={override_text(value)}")


def _option_text(options: str | list[str]) -> str:
    if isinstance(options, list):
        return "[" + ",".join(_option_text(option) for option in options) + "]"
    return options if re.fullmatch(r"[\w./-]+", options) else override_text(options)


def _bad_value(name: str, text: str, error: InvalidValueError) -> Problem:
    meant = f"{name}={error.suggestion}" if error.suggestion else ""
    return Problem(name, text, str(error), error.allowed, meant, source="environment")


def _earlier_name(name: str, text: str, field: FieldInfo) -> Iterator[Problem]:
    today = field.setting.env[0]
    if name in EARLIER_VARIABLES:
        message = "is an earlier name and was understood"
        meant = f"{today}={text}"
        yield Problem(name, text, message, suggestion=meant, source="environment", fatal=False)


def _word_without_effect(name: str, text: str, field: FieldInfo) -> Iterator[Problem]:
    """R160: some switches know few words; any other leaves them off, which may surprise."""
    words = field.setting.true_words
    if words and text not in words and text.strip().lower() not in ("", *FALSE_WORDS):
        message = "switches nothing on"
        yield Problem(name, text, message, ", ".join(words), f"{name}={words[0]}",
                      source="environment", fatal=False)  # fmt: skip


def _contradictions(
    field: FieldInfo, present: list[str], environ: Mapping[str, str]
) -> Iterator[Problem]:
    for other in present[1:]:
        if environ[other] != environ[present[0]]:
            message = f"contradicts {present[0]}={environ[present[0]]}; two names of {field.path}"
            yield Problem(
                other, environ[other], message, f"{present[0]} alone", source="environment"
            )


def _without_effect(environ: Mapping[str, str], known: set[str]) -> Iterator[Problem]:
    """Say which variables of Dynamo's own workers ask for something that this one does not have."""
    others = {
        name for name in runtime_variables() if name.startswith(WORKER_PREFIXES)
    } | GONE_VARIABLES.keys()
    for name in sorted(others & environ.keys() - known):
        if environ[name].strip().lower() not in ("", *FALSE_WORDS):
            text = "has no effect: this worker has nothing of the kind"
            meant = GONE_VARIABLES.get(name, "")
            yield Problem(
                name, environ[name], text, suggestion=meant, source="environment", fatal=False
            )


def _looks_like_ours(name: str) -> bool:
    """Spare most variables the search: the typo may be in the prefix, but hardly all of it is."""
    return any(distance(name[: len(prefix)], prefix) <= 2 for prefix in PREFIXES)


def _unknown_names(environ: Mapping[str, str], known: set[str]) -> Iterator[Problem]:
    everything = known | runtime_variables()
    families = tuple(name for name in everything if name.startswith(PREFIXES))
    for name in sorted(filter(_looks_like_ours, set(environ) - everything)):
        near = closest(name, families, limit=1, at_most=2 if name.startswith(PREFIXES) else 1)
        if near and len(name) > 5:
            text = "is not a known variable and has no effect"
            yield Problem(
                name, environ[name], text, suggestion=near[0], source="environment", fatal=False
            )
