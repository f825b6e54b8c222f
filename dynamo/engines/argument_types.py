"""Types as the argument catalogues write them: `int | null`, `list[str]`, `dict[str, any]`."""

import ast
import functools
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

SCALARS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "null": (type(None),),
}
WORDS = {
    "bool": "true or false",
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "null": "null",
    "any": "anything",
    "list": "a list",
    "dict": "a mapping",
}
TRUE_FALSE = {"true": True, "yes": True, "on": True, "1": True,
              "false": False, "no": False, "off": False, "0": False}  # fmt: skip
IEC_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
             "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
DECIMAL_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@functools.cache
def alternatives(text: str) -> tuple[ast.expr, ...]:
    """Split a type into the members of its union."""
    return tuple(_members(ast.parse(text, mode="eval").body))


def _members(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from _members(node.left)
        yield from _members(node.right)
    else:
        yield node


def accepts(text: str, value: object) -> bool:
    """Whether the value is of the type. A config class takes any mapping; its keys come later."""
    return any(_accepts(node, value) for node in alternatives(text))


def _accepts(node: ast.expr, value: object) -> bool:
    if isinstance(node, ast.Subscript):
        return _accepts_items(ast.unparse(node.value), node.slice, value)
    name = ast.unparse(node)
    if name in SCALARS:
        return isinstance(value, SCALARS[name]) and (name == "bool") >= isinstance(value, bool)
    if name == "list":
        return isinstance(value, list | tuple)
    return name == "any" or isinstance(value, Mapping)


def _accepts_items(container: str, inner: ast.expr, value: object) -> bool:
    if container == "list":
        items = value if isinstance(value, list | tuple) else None
        return items is not None and all(accepts(ast.unparse(inner), item) for item in items)
    kinds = [ast.unparse(part) for part in inner.elts] if isinstance(inner, ast.Tuple) else []
    return isinstance(value, Mapping) and all(
        accepts(kinds[0], key) and accepts(kinds[1], item) for key, item in value.items()
    )


def names(text: str) -> tuple[str, ...]:
    """Return the members of a type as texts."""
    return tuple(ast.unparse(node) for node in alternatives(text))


def in_words(text: str) -> str:
    """Describe a type for a message: `an integer or null`, `a list of texts`."""
    words = [_word(node) for node in alternatives(text)]
    return " or ".join(dict.fromkeys(words))


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        if ast.unparse(node.value) == "list":
            return f"a list, each item {in_words(ast.unparse(node.slice))}"
        return "a mapping"
    name = ast.unparse(node)
    return WORDS.get(name, f"a mapping with the fields of {name}")


def size_from_text(text: str, units: str) -> int | None:
    """Read a size in the units that an argument understands; None when it is no size."""
    return iec_int(text) if units == "iec" else human_readable_int(text)


def iec_int(text: str) -> int | None:
    """Read `16000`, `16k` (16 000), `16Ki` (16 384) or `2.5k`; None when it is none of these.

    Decimals go with the decimal units only: SGLang's convention.
    """
    found = re.fullmatch(r"(\d+)(\.\d+)?(k|M|G|T|Ki|Mi|Gi|Ti)?", text.strip())
    if not found:
        return None
    whole, fraction, unit = found.groups()
    if not fraction:
        return int(whole) * IEC_UNITS.get(unit, 1)
    decimal = unit is not None and not unit.endswith("i")
    return int(Decimal(whole + fraction) * IEC_UNITS[unit]) if decimal else None


def human_readable_int(text: str) -> int | None:
    """Read `16000`, `16k` (16 000), `16K` (16 384) or `2.5k`; None when it is none of these.

    Lower case counts in thousands and may have decimals, upper case counts in 1024s and may not:
    vLLM's own convention.
    """
    found = re.fullmatch(r"(-?\d+)(\.\d+)?([kKmMgGtT]?)", text.strip())
    if not found:
        return None
    whole, fraction, unit = found.groups()
    if fraction:
        return int(float(whole + fraction) * DECIMAL_UNITS[unit]) if unit in DECIMAL_UNITS else None
    return int(whole) * {**DECIMAL_UNITS, **BINARY_UNITS, "": 1}[unit]


def converted(text: str, value: object) -> Any:
    """Return the value of the type that was probably meant; None when there is none.

    `"16"` and `16.0` for an integer, `"yes"` for a boolean, one text for a list of texts, JSON in a
    text for a mapping.
    """
    wanted = names(text)
    if isinstance(value, str):
        if "bool" in wanted and value.strip().lower() in TRUE_FALSE:
            return TRUE_FALSE[value.strip().lower()]
        found = _from_text(value) if "int" in wanted or "float" in wanted else _from_json(value)
        if found is not None and accepts(text, found):
            return found
    if isinstance(value, int) and "bool" in wanted and value in (0, 1):
        return bool(value)
    if isinstance(value, float) and "int" in wanted and value.is_integer():
        return int(value)
    if accepts(text, [value]):
        return [value]
    return str(value) if "str" in wanted and isinstance(value, int | float) else None


def _from_text(text: str) -> int | float | None:
    whole = human_readable_int(text)
    if whole is not None:
        return whole
    try:
        return float(text)
    except ValueError:
        return None


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
