"""Settings of a running worker that can change, by their paths in the configuration."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynamo.config.problems import Problem
from dynamo.config.schema_index import schema_index
from dynamo.config.suggest import closest

NEEDS_RESTART = "cannot change while the worker runs: it needs a restart"


@dataclass(frozen=True)
class LiveSetting:
    """One setting that can change."""

    path: str
    read: Callable[[], Any]
    write: Callable[[Any], Awaitable[None]]
    """Puts a checked value in force."""
    check: Callable[[Any], str]
    """Returns what would be allowed instead of a value; empty when the value is fine."""


@dataclass(frozen=True)
class Change:
    """What one setting was and what it is now."""

    path: str
    before: Any
    after: Any


class LiveSettings:
    """All settings of one worker that can change; changes are made one after the other."""

    def __init__(self, settings: Sequence[LiveSetting]) -> None:
        self._settings = {setting.path: setting for setting in settings}

    def values(self) -> dict[str, Any]:
        """Return every setting that can change, with its value in force."""
        return {path: setting.read() for path, setting in self._settings.items()}

    def problems(self, wanted: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the wanted values: all of it."""
        found = [self._problem(path, value) for path, value in wanted.items()]
        return [problem for problem in found if problem is not None]

    async def change(self, wanted: Mapping[str, Any]) -> list[Change]:
        """Put checked values in force. One that fails leaves those before it changed."""
        changes = []
        for path, value in wanted.items():
            setting = self._settings[path]
            before = setting.read()
            await setting.write(value)
            changes.append(Change(path, before, setting.read()))
        return changes

    def _problem(self, path: str, value: Any) -> Problem | None:
        setting = self._settings.get(path)
        if setting is None:
            return self._unknown(path, value)
        allowed = setting.check(value)
        return Problem(path, value, "is not allowed", allowed) if allowed else None

    def _unknown(self, path: str, value: Any) -> Problem:
        owner = schema_index().owner_of(path)
        if owner is None or owner.path != path:
            homes = {name.rsplit(".", 1)[-1]: name for name in self._settings}
            near = closest(path.rsplit(".", 1)[-1], homes, limit=1)
            if near or owner is None:
                meant = homes[near[0]] if near else ""
                return Problem(path, value, "is not a setting that can change", suggestion=meant)
        return Problem(path, value, NEEDS_RESTART, ", ".join(self._settings))


def whole_number(lowest: int, highest: int) -> Callable[[Any], str]:
    """Return a check for whole numbers from `lowest` to `highest`."""

    def check(value: Any) -> str:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_number and lowest <= value <= highest else f"{lowest} to {highest}"

    return check


def one_of(*words: str) -> Callable[[Any], str]:
    """Return a check for one of some words."""
    return lambda value: "" if value in words else ", ".join(words)
