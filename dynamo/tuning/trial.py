"""A trial is one point of a sweep; a result is what became of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.tuning.metrics import Metrics


class Outcome(StrEnum):
    """How a trial ended."""

    OK = "ok"
    INVALID = "invalid"
    """The configuration is wrong, or its load does not fit the engine."""
    START_FAILED = "start_failed"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True)
class Trial:
    """One point: what was asked for, and what it resolves to."""

    number: int
    overrides: tuple[str, ...]
    """As on the command line, such as `workload.concurrency=8`."""
    plan: LaunchPlan | None
    """None when there are problems."""
    problems: tuple[Problem, ...] = ()


@dataclass
class Seconds:
    """Where the wall time of a trial went."""

    engine_stop: float = 0.0
    """Ending the engine of an earlier trial."""
    engine_start: float = 0.0
    """0 when the engine of the trial before served this one too."""
    reset: float = 0.0
    """Forgetting the prefix cache."""
    warmup: float = 0.0
    measured: float = 0.0


@dataclass(frozen=True)
class Measurement:
    """What running a plan brought, whatever the outcome."""

    outcome: Outcome
    error: str = ""
    """One or a few lines; empty when all went well."""
    log_file: str = ""
    """Name of the file with the engine's output, in the sweep's directory."""
    metrics: Metrics | None = None
    seconds: Seconds = field(default_factory=Seconds)
    startup: Mapping[str, float] = field(default_factory=dict)
    """Parts of `seconds.engine_start` as the engine tells them, such as its import; empty when the
    engine was running already."""


@dataclass(frozen=True)
class TrialResult:
    """A trial and what became of it."""

    number: int
    overrides: tuple[str, ...]
    key: str
    engine_key: str
    versions: Mapping[str, str]
    measurement: Measurement


def trial_key(plan: LaunchPlan, versions: Mapping[str, str]) -> str:
    """Return sixteen hex digits that are equal when a result can be taken over.

    They cover the full resolved plan and the installed versions, not the words that led there, nor
    the estimate of memory, which depends on what is free at the moment.
    """
    facts = asdict(plan)
    for irrelevant in ("notes", "dump_config_to", "memory"):
        del facts[irrelevant]
    text = json.dumps([facts, dict(versions)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
