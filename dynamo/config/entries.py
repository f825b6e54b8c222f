"""Check mappings whose values are sections themselves, such as `connector.chain`.

Hydra lets any key into a mapping, also into the sections inside it, where it would be lost.
"""

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.fields import FieldInfo, leaves
from dynamo.config.problems import Problem
from dynamo.config.schema_index import SchemaIndex
from dynamo.config.suggest import closest
from dynamo.config.values import check_limits


def entry_problems(index: SchemaIndex, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check names, choices and ranges inside the entries of such mappings."""
    for field in index.fields.values():
        owner = _entry_type(field)
        if owner is None:
            continue
        for path, value in values.items():
            name, _, leaf = path.removeprefix(f"{field.path}.").partition(".")
            if path.startswith(f"{field.path}.") and leaf:
                yield from _leaf_problems(f"{field.path}.{name}.", leaf, value, owner)


def _entry_type(field: FieldInfo) -> type | None:
    arguments = typing.get_args(field.type) if typing.get_origin(field.type) is dict else ()
    owner = arguments[-1] if arguments else None
    return owner if dataclasses.is_dataclass(owner) and isinstance(owner, type) else None


def _leaf_problems(prefix: str, leaf: str, value: Any, owner: type) -> Iterator[Problem]:
    known = {field.path: field for field in leaves(owner, prefix)}
    field = known.get(prefix + leaf.split(".", maxsplit=1)[0])
    if field is None:
        near = closest(prefix + leaf, known, limit=1)
        meant = f"{near[0]}={value}" if near else ""
        yield Problem(prefix + leaf, value, "is not a known setting", suggestion=meant)
    elif "." not in leaf:
        yield from check_limits(value, field)
