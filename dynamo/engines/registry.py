"""Which builder makes which engine. Engine libraries are imported only when one is built."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Engine, EngineProcess

_BUILDERS = {
    "vllm": "dynamo.engines.vllm.engine:VllmEngine",
    "sglang": "dynamo.engines.sglang.engine:SglangEngine",
    "mocker": "dynamo.engines.mocker.engine:MockEngine",
}

_FOLLOWING = {"vllm": "dynamo.engines.vllm.headless:HeadlessEngine"}
"""Builders of data-parallel ranks whose requests come through another process (R105)."""

_MODEL_ARGUMENTS = {"vllm": "model", "sglang": "model_path"}
"""Under which name each engine is told its model; a simulated one has none."""


def is_runnable(backend: str) -> bool:
    """Whether this version can start the backend; others are planned only."""
    return backend in _BUILDERS


def build_engine(plan: EnginePlan) -> Engine:
    """Make the engine of a plan, not started yet.

    Raises:
        ValueError: the backend is planned but cannot be run by this version.
    """
    if not is_runnable(plan.backend):
        raise ValueError(f"the backend {plan.backend} cannot be started; {list(_BUILDERS)} can")
    return cast(Engine, _builder(_BUILDERS[plan.backend])(plan))


def can_follow(backend: str) -> bool:
    """Whether a process of this backend can run ranks that another process leads."""
    return backend in _FOLLOWING


def build_following(plan: EnginePlan) -> EngineProcess:
    """Make the part of an engine that another process leads, not started yet (R105)."""
    return _builder(_FOLLOWING[plan.backend])(plan)


def _builder(place: str) -> Callable[[EnginePlan], EngineProcess]:
    module, name = place.split(":")
    found = getattr(importlib.import_module(module), name)
    return cast(Callable[[EnginePlan], EngineProcess], found)


def model_reference(plan: EnginePlan) -> str | None:
    """Return the model that the engine loads; None when it loads none."""
    return plan.arguments.get(_MODEL_ARGUMENTS.get(plan.backend, ""))


def with_model(plan: EnginePlan, directory: Path) -> EnginePlan:
    """Return the plan of the same engine that reads its model from a local directory."""
    if model_reference(plan) is None:
        return plan
    model = {_MODEL_ARGUMENTS[plan.backend]: str(directory)}
    return replace(plan, arguments={**plan.arguments, **model})
