"""Merge arguments from several places, the stronger over the weaker (R163)."""

from collections.abc import Iterator, Mapping
from typing import Any

Arguments = Mapping[str, Any]


def merged(weaker: Arguments, stronger: Arguments) -> dict[str, Any]:
    """Return both; mappings are merged key by key, everything else is replaced."""
    result = dict(weaker)
    for key, value in stronger.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def differing(one: Arguments, other: Arguments, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted path and both values of whatever both give, but not the same."""
    for key in one.keys() & other.keys():
        below, value = one[key], other[key]
        here = f"{path}.{key}" if path else key
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            yield from differing(below, value, here)
        elif below != value:
            yield here, below, value
