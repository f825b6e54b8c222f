"""Find settings by their dotted path, and the path that was probably meant."""

import dataclasses
import functools
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dynamo.config.fields import FieldInfo, leaves, type_hints, without_none
from dynamo.config.schema import BACKENDS, Config
from dynamo.config.suggest import closest


@dataclass(frozen=True)
class SchemaIndex:
    """All settings of a configuration with one backend, or with any."""

    fields: dict[str, FieldInfo]
    sections: frozenset[str]

    def owner_of(self, path: str) -> FieldInfo | None:
        """Return the setting at the path, or the mapping setting that the path leads into."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            field = self.fields.get(".".join(parts[:length]))
            if field is not None:
                inside = length < len(parts)
                return None if inside and typing.get_origin(field.type) is not dict else field
        return None

    def children(self, section: str) -> set[str]:
        """Return the names directly below a section; "" is the root."""
        prefix = f"{section}." if section else ""
        below = [path for path in (*self.fields, *self.sections) if path.startswith(prefix)]
        return {path[len(prefix) :].split(".")[0] for path in below}

    def meant(self, path: str, engine_arguments: Iterable[str] = ()) -> str:
        """Return the existing path nearest to an unknown one; empty when none is near."""
        return self._walk(path) or self._by_leaf(path, engine_arguments)

    def _walk(self, path: str) -> str:
        found: list[str] = []
        for part in path.split("."):
            section = ".".join(found)
            if self.owner_of(section) is not None:
                found.append(part)
                continue
            near = closest(part, self.children(section), limit=1)
            if not near:
                return ""
            found.append(near[0])
        return ".".join(found)

    def _by_leaf(self, path: str, engine_arguments: Iterable[str]) -> str:
        homes = {name.rsplit(".", 1)[-1]: name for name in self.fields}
        homes.update({name: f"backend.engine.{name}" for name in engine_arguments})
        near = closest(path.rsplit(".", 1)[-1].replace("-", "_"), homes, limit=1)
        return homes[near[0]] if near else ""


@functools.cache
def schema_index(backend: str | None = None) -> SchemaIndex:
    """Index the schema with the named backend; None knows the settings of every backend."""
    chosen = BACKENDS if backend is None else {backend: BACKENDS[backend]}
    fields = {
        field.path: field for field in leaves(Config) if not field.path.startswith("backend.")
    }
    for owner in chosen.values():
        for field in leaves(owner, "backend."):
            known = fields.get(field.path)
            fields[field.path] = _merged(known, field) if known else field
    return SchemaIndex(fields, frozenset(_sections()))


def _merged(one: FieldInfo, other: FieldInfo) -> FieldInfo:
    """Return a setting that two backends have, with the variables of both."""
    names = tuple(dict.fromkeys((*one.setting.env, *other.setting.env)))
    return dataclasses.replace(one, setting=dataclasses.replace(one.setting, env=names))


def _sections(owner: type = Config, prefix: str = "") -> Iterator[str]:
    for name, kind in type_hints(owner).items():
        section = without_none(kind)[0]
        if dataclasses.is_dataclass(section):
            yield f"{prefix}{name}"
            yield from _sections(typing.cast(type, section), f"{prefix}{name}.")
