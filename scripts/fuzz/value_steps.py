"""Mutations of what a request says: types, keys, numbers, texts, nesting."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from scripts.fuzz import strange
from scripts.fuzz.request import Request

Place = tuple[Any, Any]
"""A list or an object, and an index or a key of it."""


def replace(request: Request, chance: Random) -> None:
    """Put anything anywhere."""
    _change(request, chance, lambda _old: strange.value(chance))


def retype(request: Request, chance: Random) -> None:
    """Say the same in another type."""
    forms: tuple[Callable[[Any], Any], ...] = (str, lambda v: [v], lambda v: {"value": v})
    _change(request, chance, chance.choice(forms))


def renumber(request: Request, chance: Random) -> None:
    """Put a strange number where a number is, or anywhere."""
    _change(request, chance, lambda _old: strange.number(chance), (int, float))


def retext(request: Request, chance: Random) -> None:
    """Put a strange text where a text is, or anywhere."""
    _change(request, chance, lambda _old: strange.text(chance), (str,))


def nest(request: Request, chance: Random) -> None:
    """Wrap something deeply."""
    _change(request, chance, lambda old: strange.nested(old, chance))


def remove(request: Request, chance: Random) -> None:
    """Leave something out."""
    if places := list(_places(request.value)):
        container, key = chance.choice(places)
        del container[key]


def add_unknown(request: Request, chance: Random) -> None:
    """Say something that nobody asked for."""
    objects = [each for each in _containers(request.value) if isinstance(each, dict)]
    if objects:
        chance.choice(objects)[chance.choice(strange.KEYS)] = strange.value(chance)


def move(request: Request, chance: Random) -> None:
    """Say in one place what belongs to another."""
    places = list(_places(request.value))
    if len(places) > 1:
        (source, old), (target, new) = chance.sample(places, 2)
        if not _holds(source[old], target):
            target[new] = source[old]


def whole(request: Request, chance: Random) -> None:
    """Say something else altogether."""
    request.value = strange.value(chance)


STEPS = (replace, replace, retype, renumber, retext, nest, remove, add_unknown, move)
RARE_STEPS = (whole,)


def _change(
    request: Request, chance: Random, new: Callable[[Any], Any], kinds: tuple[type, ...] = ()
) -> None:
    places = list(_places(request.value))
    fitting = [(where, key) for where, key in places if isinstance(where[key], kinds)]
    if chosen := fitting or places:
        container, key = chance.choice(chosen)
        container[key] = new(container[key])


def _containers(value: Any) -> Iterator[Any]:
    """Yield every list and object; without recursion, since mutations nest deeply."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            yield each
            waiting += each.values() if isinstance(each, dict) else each[:20]


def _places(value: Any) -> Iterator[Place]:
    for each in _containers(value):
        keys = each if isinstance(each, dict) else range(min(len(each), 20))
        yield from ((each, key) for key in keys)


def _holds(value: Any, container: Any) -> bool:
    return any(each is container for each in _containers(value))
