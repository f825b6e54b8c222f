"""Write a Python type as the short text of the catalogues.

`int | null`, `list[str]`, `dict[str, int]`, `KVTransferConfig`. What cannot be written in a
configuration file (classes, callables, tensors) is left out of a union.
"""

import dataclasses
import enum
import pathlib
import types
import typing
from collections.abc import Iterator
from typing import Any

PLAIN = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    type(None): "null",
    Any: "any",
    pathlib.Path: "str",
    list: "list",
    dict: "dict",
    set: "list",
    tuple: "list",
}
LISTS = (list, set, frozenset, tuple)


def type_text(hint: Any) -> str:
    """Return the text of a type; `null` stands last, equal members once."""
    texts = dict.fromkeys(text for member in members(hint) if (text := _member_text(member)))
    return " | ".join(sorted(texts, key="null".__eq__)) or "any"


def members(hint: Any) -> list[Any]:
    """Return the members of a union, however nested and annotated.

    Beside a free mapping, a config class says nothing: the engine reads the mapping in its own way.
    """
    found = list(_members(hint))
    free = any(typing.get_origin(member) is dict for member in found)
    return [member for member in found if not (free and dataclasses.is_dataclass(member))]


def _members(hint: Any) -> Iterator[Any]:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield from _members(typing.get_args(hint)[0])
    elif origin in (typing.Union, types.UnionType):
        for argument in typing.get_args(hint):
            yield from _members(argument)
    elif origin is typing.Literal and None in typing.get_args(hint):
        yield typing.Literal[*(option for option in typing.get_args(hint) if option is not None)]
        yield type(None)
    else:
        yield hint


def _member_text(hint: Any) -> str:
    if hint in PLAIN:
        return PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " | ".join(dict.fromkeys(type(option).__name__ for option in arguments))
    if origin in LISTS:
        return f"list[{type_text(arguments[0])}]"
    if origin is dict and arguments:
        return f"dict[{type_text(arguments[0])}, {type_text(arguments[1])}]"
    return _class_text(hint) if isinstance(hint, type) else PLAIN.get(origin, "")


def _class_text(owner: type) -> str:
    if issubclass(owner, enum.IntEnum):
        return "int"
    if issubclass(owner, enum.Enum):
        return "str"
    if issubclass(owner, dict) or typing.is_typeddict(owner):
        return "dict"
    return owner.__name__ if dataclasses.is_dataclass(owner) else ""


def literal_options(hint: Any) -> list[Any]:
    """Return the only values that a type allows, element-wise for lists; empty when it is open."""
    found: list[Any] = []
    for member in members(hint):
        if typing.get_origin(member) is typing.Literal:
            found += typing.get_args(member)
        elif typing.get_origin(member) in LISTS:
            found += literal_options(typing.get_args(member)[0])
        elif _member_text(member) not in ("", "null"):
            return []
    return found


def config_classes(hint: Any) -> Iterator[type]:
    """Yield the dataclasses in a type, those inside lists and mappings too."""
    for member in members(hint):
        if isinstance(member, type) and dataclasses.is_dataclass(member):
            yield member
        for argument in typing.get_args(member):
            yield from config_classes(argument)
