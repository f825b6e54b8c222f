"""How a configuration field is declared, and how declarations are read back.

A field is declared once: type and default as in any dataclass, its environment variables, range
and choices through `setting`, its meaning in the docstring below it.
"""

import ast
import dataclasses
import functools
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """What a field's type cannot say."""

    env: tuple[str, ...] = ()
    """Environment variables, the preferred name first."""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    above: float | None = None
    """Lower bound that is not itself allowed."""
    maximum: float | None = None
    secret: bool = False
    """Shown as `<redacted>` in every dump and log."""
    selects: str = ""
    """Config group whose option an environment value chooses, such as `store`."""
    separator: str = ""
    """How a list is written in one environment variable; empty means white space (R10)."""
    true_words: tuple[str, ...] = ()
    """Only words by which the variable switches the setting on, to the letter (R160); empty: the
    usual boolean words."""
    exported: bool = False
    """Handed to the native runtime under its first environment variable (R173)."""


def setting(default: Any, **facts: Any) -> Any:
    """Declare a dataclass field with a default and the facts of `Setting`."""
    metadata = {"setting": Setting(**facts)}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class FieldInfo:
    """One leaf of the schema."""

    path: str
    type: Any
    """Element of `bool | int | float | str | list[str] | dict[str, ...]`, without None."""
    optional: bool
    setting: Setting
    owner: type
    name: str

    @property
    def type_text(self) -> str:
        text = getattr(self.type, "__name__", str(self.type))
        if typing.get_origin(self.type) is not None:
            text = str(self.type)
        return f"{text} or null" if self.optional else text

    @property
    def doc(self) -> str:
        return field_docs(self.owner).get(self.name, "")


@functools.cache
def type_hints(owner: type) -> dict[str, Any]:
    """Return the resolved type of each field of a schema class."""
    return typing.get_type_hints(owner)


def without_none(annotation: Any) -> tuple[Any, bool]:
    """Split `X | None` into (X, True); anything else is (annotation, False)."""
    if isinstance(annotation, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        return members[0], True
    return annotation, False


def leaves(owner: type, prefix: str = "") -> Iterator[FieldInfo]:
    """Walk a schema class depth first and yield its leaves with their full paths."""
    hints = type_hints(owner)
    for field in dataclasses.fields(owner):
        kind, optional = without_none(hints[field.name])
        path = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(kind):
            yield from leaves(typing.cast(type, kind), f"{path}.")
        else:
            facts = field.metadata.get("setting", Setting())
            yield FieldInfo(path, kind, optional, facts, owner, field.name)


@functools.cache
def field_docs(owner: type) -> dict[str, str]:
    """Return the docstring under each field, base classes included. Reads the source file."""
    docs: dict[str, str] = {}
    for cls in reversed(owner.__mro__):
        if dataclasses.is_dataclass(cls):
            tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
            docs.update(_docstrings(typing.cast(ast.ClassDef, tree)))
    return docs


def _docstrings(tree: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            target, value = statement.target, following.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                yield target.id, inspect.cleandoc(str(value.value))
