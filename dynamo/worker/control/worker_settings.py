"""Which settings of a worker can change: its engine's limits, its log, durable KV events."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from dynamo.engines.base import Engine
from dynamo.engines.capabilities import AdjustsLimits
from dynamo.worker.control.log_level import LEVELS, log_level, set_log_level
from dynamo.worker.control.settings import LiveSetting, LiveSettings, one_of, whole_number

MAY_BE_ZERO = ("long_prefill_token_threshold",)
"""Limits that 0 switches off."""


class KeepsKvEvents(Protocol):
    """A worker's KV events, which may go into a stream."""

    @property
    def durable(self) -> bool: ...

    @property
    def can_switch(self) -> bool: ...

    async def set_durable(self, on: bool) -> None: ...


def worker_settings(engine: Engine, kv_events: KeepsKvEvents) -> LiveSettings:
    """Return what can change in a worker with this engine."""
    return LiveSettings([*_limits(engine), _log_level(), *_durable(kv_events)])


def _durable(kv_events: KeepsKvEvents) -> Iterator[LiveSetting]:
    """R175: only where the engine has KV events that this worker tells routers of."""
    if kv_events.can_switch:
        yield LiveSetting(
            "runtime.durable_kv_events",
            lambda: kv_events.durable,
            kv_events.set_durable,
            lambda value: "" if isinstance(value, bool) else "true, false",
        )


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
