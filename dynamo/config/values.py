"""Read and check single values against a schema field."""

import json
import math
import sys
import typing
from typing import Any

from dynamo.config.fields import FieldInfo
from dynamo.config.nesting import ALLOWED as DEPTH_ALLOWED
from dynamo.config.nesting import TOO_DEEP, is_too_deep
from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.config.user_paths import home_expanded

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")
BOOLEAN_WORDS = "true, 1, yes, on, false, 0, no, off"


class InvalidValueError(ValueError):
    """The text is not a value of the field's type; `allowed` says what is."""

    def __init__(self, message: str, allowed: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.allowed = allowed
        self.suggestion = suggestion


def parse_text(text: str, field: FieldInfo) -> Any:
    """Read a value from the text of an environment variable (R9, R10, R14 to R16).

    Raises:
        InvalidValueError: the text is not of the field's type.
    """
    if typing.get_origin(field.type) is list:
        return split_list(text, field.setting.separator)
    if typing.get_origin(field.type) is dict:
        return parse_mapping(text)
    stripped = text.strip()
    if field.setting.true_words:
        return text in field.setting.true_words
    if field.type is bool:
        return parse_boolean(stripped or "false")
    if not stripped:
        return None
    if field.type is str:
        return text
    number = parse_number(stripped)
    if isinstance(number, str):
        raise InvalidValueError(f"is not {_article(field)}", _allowed_type(field))
    return check_type(number, field)


def split_list(text: str, separator: str) -> list[str]:
    """Split on white space, or on the separator with blanks around it ignored."""
    items = text.split(separator) if separator else text.split()
    return [item.strip() for item in items if item.strip()]


def parse_mapping(text: str) -> dict[str, Any]:
    """Read a JSON object, or the file that `@` names; an empty text is an empty mapping.

    Raises:
        InvalidValueError: there is no such object.
    """
    allowed = "a JSON object, or @ and a file that holds one"
    try:
        if text.startswith("@"):
            text = home_expanded(text[1:].strip()).read_text("utf-8")
        value = json.loads(text) if text.strip() else {}
    except OSError as error:
        raise InvalidValueError(f"cannot be read: {error.strerror}", allowed) from error
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("is not JSON", allowed) from error
    if not isinstance(value, dict):
        raise InvalidValueError("is not a JSON object", allowed)
    if is_too_deep(value):
        raise InvalidValueError(TOO_DEEP, DEPTH_ALLOWED)
    return value


def parse_boolean(word: str) -> bool:
    """Read one of the eight boolean words, in any case (R14, R15)."""
    if word.lower() in TRUE_WORDS:
        return True
    if word.lower() in FALSE_WORDS:
        return False
    near = closest(word, (*TRUE_WORDS, *FALSE_WORDS), limit=1)
    raise InvalidValueError("is not a boolean word", BOOLEAN_WORDS, near[0] if near else "")


def parse_number(text: str) -> int | float | str:
    """Return the number that the text spells, or the text itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def check_type(value: Any, field: FieldInfo) -> Any:
    """Return the value as the field's type; texts of interpolations pass unchecked.

    Raises:
        InvalidValueError: it cannot be the field's type without guessing.
    """
    if isinstance(value, str) and "${" in value:
        return value
    if value is None:
        if field.optional:
            return None
        raise InvalidValueError("cannot be null", field.type_text)
    if field.type is bool:
        return value if isinstance(value, bool) else parse_boolean(str(value))
    if field.type is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if field.type is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) <= sys.float_info.max else math.inf
    if field.type is str and not isinstance(value, dict | list):
        return str(value)
    origin = typing.get_origin(field.type)
    if origin in (list, dict) and isinstance(value, origin) and not _is_nested(value, field):
        return value
    raise InvalidValueError(f"is not {_article(field)}", _allowed_type(field))


def _is_nested(value: Any, field: FieldInfo) -> bool:
    """Whether a list of texts holds lists or mappings."""
    texts = typing.get_args(field.type) == (str,)
    return texts and any(isinstance(item, list | dict) for item in value)


def _article(field: FieldInfo) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a text"}
    origin = typing.get_origin(field.type)
    return names.get(field.type, "a list" if origin is list else "a mapping")


def _allowed_type(field: FieldInfo) -> str:
    if field.setting.choices:
        return ", ".join(field.setting.choices)
    if typing.get_origin(field.type) is list:
        return "a list such as [a,b]"
    return range_text(field) or field.type_text


def range_text(field: FieldInfo) -> str:
    """Describe the allowed range of a number; empty when there is none."""
    low, above, high = field.setting.minimum, field.setting.above, field.setting.maximum
    if above is not None:
        return f"more than {above}" + ("" if high is None else f", up to {high}")
    match (low is None, high is None):
        case (False, False):
            return f"{low} to {high}"
        case (False, True):
            return f"{low} or more"
        case (True, False):
            return f"{high} or less"
    return ""


def check_limits(value: Any, field: FieldInfo) -> list[Problem]:
    """Check choices and range of a value that has the right type."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return [problem for item in items for problem in _check_one(item, field)]


def as_declared(value: Any, field: FieldInfo) -> Any:
    """Return a choice, or a list of them, in the schema's spelling: choices count in any case."""
    if isinstance(value, list):
        return [as_declared(item, field) for item in value]
    spelled = {choice.lower(): choice for choice in field.setting.choices}
    return spelled.get(value.lower(), value) if isinstance(value, str) else value


def _check_one(value: Any, field: FieldInfo) -> list[Problem]:
    choices = field.setting.choices
    if choices and str(value).lower() not in (choice.lower() for choice in choices):
        near = closest(str(value), choices, limit=1)
        meant = f"{field.path}={near[0]}" if near else ""
        text = "is not one of the choices"
        return [Problem(field.path, value, text, ", ".join(choices), meant)]
    if isinstance(value, float) and not math.isfinite(value):
        return [Problem(field.path, value, "is not a finite number", range_text(field))]
    low, above, high = field.setting.minimum, field.setting.above, field.setting.maximum
    too_low = (low is not None and value < low) or (above is not None and value <= above)
    if too_low or (high is not None and value > high):
        text = "is out of range"
        return [Problem(field.path, value, text, range_text(field))]
    return []


def is_name(text: str) -> bool:
    """Whether a text can be one part of an endpoint's name."""
    return bool(text) and all(char.isalnum() or char in "-_" for char in text)
