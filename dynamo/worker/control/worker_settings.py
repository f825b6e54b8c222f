"""Which settings of a worker can change: its engine's limits, its log."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from dynamo.engines.base import Engine
from dynamo.engines.capabilities import AdjustsLimits
from dynamo.worker.control.log_level import LEVELS, log_level, set_log_level
from dynamo.worker.control.settings import LiveSetting, LiveSettings, one_of, whole_number

MAY_BE_ZERO = ("long_prefill_token_threshold",)
"""Limits that 0 switches off."""


def worker_settings(engine: Engine) -> LiveSettings:
    """Return what can change in a worker with this engine."""
    return LiveSettings([*_limits(engine), _log_level()])


def _limits(engine: Engine) -> Iterator[LiveSetting]:
    if isinstance(engine, AdjustsLimits):
        for name, highest in engine.highest_limits().items():
            lowest = 0 if name in MAY_BE_ZERO else 1
            yield LiveSetting(
                f"backend.engine.{name}",
                lambda name=name: engine.limits()[name],  # type: ignore[misc]
                _writer(engine, name),
                whole_number(lowest, highest),
            )


def _writer(engine: AdjustsLimits, name: str) -> Callable[[Any], Awaitable[None]]:
    async def write(value: Any) -> None:
        engine.set_limits({name: value})

    return write


def _log_level() -> LiveSetting:
    async def write(value: Any) -> None:
        set_log_level(value)

    return LiveSetting("logs.level", log_level, write, one_of(*LEVELS))
