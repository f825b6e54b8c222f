"""Constraints on the answer in an OpenAI body, as the engine-neutral request has them (R119)."""

from collections.abc import Mapping
from typing import Any

from dynamo.engines.base import InvalidRequestError

FIELDS = {"guided_json": "json", "guided_regex": "regex", "guided_choice": "choice",
          "guided_grammar": "grammar"}  # fmt: skip


def guided_decoding(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the one constraint of a body, from `response_format` or a `guided_` field.

    Raises:
        InvalidRequestError: there are several, or `response_format` is of no known type.
    """
    found = {name: body[field] for field, name in FIELDS.items() if body.get(field) is not None}
    wanted = body.get("response_format")
    if isinstance(wanted, Mapping) and wanted.get("type") != "text":
        found |= _response_format(wanted) if "json" not in found else {"json_schema": None}
    if len(found) > 1:
        raise InvalidRequestError("an answer can have one constraint only")
    return found or None


def _response_format(wanted: Mapping[str, Any]) -> dict[str, Any]:
    match wanted.get("type"):
        case "json_object":
            return {"json": {"type": "object"}}
        case "json_schema":
            described = wanted.get("json_schema")
            if isinstance(described, Mapping) and isinstance(described.get("schema"), Mapping):
                return {"json": described["schema"]}
    raise InvalidRequestError(f"response_format of type {wanted.get('type')!r} is not known")
