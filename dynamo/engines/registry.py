"""Which builder makes which engine. Engine libraries are imported only when one is built."""

import importlib
from collections.abc import Callable
from typing import cast

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Engine

_BUILDERS = {
    "vllm": "dynamo.engines.vllm.engine:VllmEngine",
    "mocker": "dynamo.engines.mocker.engine:MockEngine",
}


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
    module, name = _BUILDERS[plan.backend].split(":")
    builder = cast(Callable[[EnginePlan], Engine], getattr(importlib.import_module(module), name))
    return builder(plan)
