"""Values that no careful client sends."""

import math
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 0.5, -0.0, 127, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63,
    -(2**63), 2**64, 2**70, -(2**70), 10**400, 1e-320, 1e308, -1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip
TEXTS = (
    "", " ", "0", "-1", "true", "null", "NaN", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff",
    "\u202e", "é" * 10, "😀" * 5, "../../../etc/passwd", "/", "file:///dev/zero", "%s%n%x",
    "{{ 7*7 }}", "{% for a in b %}", "'; --", "<script>", "\r\nX-Evil: 1", "x" * 300, "w1 " * 400,
    "x" * 70_000,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [None], [[]], {"": None}, {"a": 1}, [1, 2], ["a"], [[1]], [1, "a"],
    [1.5, 2.5], [True], [-1], [2**40], [math.nan], list(range(300)), ["x" * 50] * 50,
    {str(number): number for number in range(200)},
)  # fmt: skip
KEYS = ("", "unknown", "__class__", "__proto__", "a.b", "\x00", "\ud800", "x" * 5_000, "0")
DEEP = (2, 20, 150)
"""Five of these in one another are within what Python's own encoder follows."""


def number(chance: Random) -> Any:
    """Return a number that is huge, negative, none, or of the wrong kind."""
    return chance.choice(NUMBERS)


def text(chance: Random) -> str:
    """Return an empty, long, broken or mischievous text."""
    return chance.choice(TEXTS)


def value(chance: Random) -> Any:
    """Return anything."""
    kind = chance.random()
    if kind < 0.3:
        return number(chance)
    if kind < 0.5:
        return text(chance)
    other = deepcopy(chance.choice(OTHERS))  # a later mutation may change it
    return nested(other, chance) if kind < 0.6 else other


def nested(inner: Any, chance: Random) -> Any:
    """Put a value into many lists or objects."""
    in_lists = chance.random() < 0.5
    for _ in range(chance.choice(DEEP)):
        inner = [inner] if in_lists else {"a": inner}
    return inner
