"""JSON Schema of presets and options, for editors."""

import dataclasses
import typing
from typing import Any

from dynamo.config.fields import field_docs, type_hints, without_none
from dynamo.config.schema import BACKENDS, Config
from scripts.docs.model import GROUP_TEXTS, doc, unwrapped

SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}
INTERPOLATION = {"type": "string", "pattern": r"^\$\{.*\}$"}
DEFAULTS = {
    "description": "Files that are merged before this one: `override /group: option`.",
    "type": "array",
    "items": {"type": ["string", "object"]},
}


def schema() -> dict[str, Any]:
    """Return the schema of a preset; that of one group's option is below `$defs`."""
    sections = {
        name: typing.cast(type, without_none(hint)[0])
        for name, hint in type_hints(Config).items()
        if dataclasses.is_dataclass(without_none(hint)[0])
    }
    properties: dict[str, Any] = {"defaults": DEFAULTS, "hydra": {"type": "object"}}
    properties |= {name: {"$ref": f"#/$defs/{name}"} for name in sections}
    properties |= {
        name: value for name, value in _properties(Config).items() if name not in sections
    }
    definitions = {name: section(owner) for name, owner in sections.items()}
    definitions["backend"]["properties"] |= _of_all_engines()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Preset",
        "description": GROUP_TEXTS["preset"],
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def section(owner: type) -> dict[str, Any]:
    """Return the schema of one section."""
    return {
        "description": unwrapped(doc(owner)),
        "type": "object",
        "additionalProperties": False,
        "properties": {"defaults": DEFAULTS, **_properties(owner)},
    }


def _of_all_engines() -> dict[str, Any]:
    """Return every engine's settings; where two differ, either is right."""
    found: dict[str, list[dict[str, Any]]] = {}
    for owner in BACKENDS.values():
        for name, value in _properties(owner).items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: values[0] if len(values) == 1 else {"anyOf": values}
            for name, values in found.items()}  # fmt: skip


def _properties(owner: type) -> dict[str, Any]:
    docs = field_docs(owner)
    found: dict[str, Any] = {}
    for field in dataclasses.fields(owner):
        kind, optional = without_none(type_hints(owner)[field.name])
        if dataclasses.is_dataclass(kind):
            found[field.name] = section(typing.cast(type, kind))
            continue
        facts = field.metadata.get("setting")
        value = _type(kind, facts)
        value = {"anyOf": [value, *([{"type": "null"}] if optional else []), INTERPOLATION]}
        found[field.name] = {"description": unwrapped(docs[field.name]), **value}
    return found


def _type(kind: Any, facts: Any) -> dict[str, Any]:
    """Return the schema of a value; `facts` are those beside the field, or None."""
    limits = _limits(facts)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return {"type": "array", "items": {**_type(arguments[0], None), **limits}}
    if origin is dict:
        entry = arguments[1]
        nested = isinstance(entry, type) and dataclasses.is_dataclass(entry)
        inner = section(entry) if nested else _type(entry, None)
        return {"type": "object", "additionalProperties": inner}
    return {**({"type": SCALARS[kind]} if kind in SCALARS else {}), **limits}


def _limits(facts: Any) -> dict[str, Any]:
    if facts is None:
        return {}
    given = {
        "enum": list(facts.choices) or None,
        "minimum": facts.minimum,
        "exclusiveMinimum": facts.above,
        "maximum": facts.maximum,
    }
    return {name: value for name, value in given.items() if value is not None}
