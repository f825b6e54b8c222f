"""From the words that follow a flag to the value of the engine's argument."""

import json
import re
from collections.abc import Sequence
from typing import Any

from dynamo.engines.argument_types import (
    SCALARS,
    TRUE_FALSE,
    accepts,
    alternatives,
    human_readable_int,
    in_words,
    names,
    size_from_text,
)
from dynamo.engines.catalogue import Argument

NOTHING = ("", "None")
"""Words by which vLLM's parser means null."""
SIZE_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?P<size>\d+(?:\.\d+)?[kKmMgGtT])\b')


class WordError(ValueError):
    """A word is no value of the argument; the text says what is."""


def argument_value(
    argument: Argument, words: Sequence[str], *, negated: bool = False, nothing: bool = False
) -> Any:
    """Return what the engine's own parser makes of the words.

    With `nothing`, the words of NOTHING mean null where the argument can be null.

    Raises:
        WordError: a word is no value of the argument's type.
    """
    if argument.action:
        return not negated
    if argument.nargs == "?" and not words:
        return True
    if argument.nargs in ("+", "*"):
        return _list(argument, words)
    (word,) = words
    if nothing and argument.nullable and word in NOTHING:
        return None
    return _one(argument, word)


def _list(argument: Argument, words: Sequence[str]) -> list[Any]:
    """Read each word as an item of the list."""
    inner = " | ".join(_item_types(argument.type))
    if not inner:
        raise WordError(in_words(argument.type))
    return [_typed(inner, word) for word in words]


def _item_types(text: str) -> list[str]:
    lists = [name for name in names(text) if name.startswith("list[")]
    return [name.removeprefix("list[").removesuffix("]") for name in lists]


def _one(argument: Argument, word: str) -> Any:
    if argument.units:
        if argument.units == "auto" and word.lower() == "auto":
            return "auto"
        size = size_from_text(word, argument.units)
        if size is None:
            raise WordError(in_words(argument.type))
        return size
    if argument.takes_list and not argument.as_json:
        return _list(argument, [part.strip() for part in word.split(",")])
    if argument.as_json == "text":
        return _text_of_json(word)
    if argument.as_json == "flag":
        return _typed_json(argument.type, word)
    return _typed(argument.type, word)


def _text_of_json(word: str) -> Any:
    """Return the mapping that is written back as exactly this text, else the text."""
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        return word
    return value if isinstance(value, dict) and json.dumps(value) == word else word


def _typed_json(kind: str, word: str) -> Any:
    value = _json(kind, word)
    if not accepts(kind, value):
        raise WordError(in_words(kind))
    return value


def _json(kind: str, word: str) -> Any:
    """Read JSON; bare sizes such as `{"cpu_bytes_to_use": 80g}` are numbers, as for vLLM."""
    for text in (word, SIZE_OR_TEXT.sub(_as_number, word)):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            continue
    raise WordError(f"{in_words(kind)}, as JSON")


def _as_number(found: re.Match[str]) -> str:
    size = human_readable_int(found["size"]) if found["size"] else None
    return found[0] if size is None else str(size)


def _typed(kind: str, word: str) -> Any:
    """Read one word as the first member of a union that it fits, text last."""
    members = names(kind)
    for name, read in (("int", int), ("float", float)):
        if name in members:
            try:
                return read(word)
            except ValueError:
                continue
    if any(_is_structured(member) for member in members):
        if word.lstrip()[:1] in ("{", "[") or "str" not in members:
            return _typed_json(kind, word)
        return word
    if "str" in members or "any" in members:
        return word
    if "bool" in members and word.lower() in TRUE_FALSE:
        return TRUE_FALSE[word.lower()]
    raise WordError(in_words(kind))


def _is_structured(member: str) -> bool:
    """Whether a member of a type is a list, a mapping or a config class."""
    return member not in SCALARS and member != "any" and bool(alternatives(member))
