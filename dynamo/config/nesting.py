"""How deep lists and mappings may lie inside each other: what reads them recurses."""

from collections.abc import Mapping

DEEPEST = 50
"""Levels; no engine has arguments of more than a handful."""
TOO_DEEP = "is nested too deeply"
ALLOWED = f"at most {DEEPEST} levels of lists and mappings"


def is_too_deep(value: object) -> bool:
    """Whether lists and mappings lie inside each other in more levels than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    return any(isinstance(one, Mapping | list) for one in level)


def _inside(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
