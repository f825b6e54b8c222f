"""The reference as data: pages, their settings and options, read from the schema and conf/."""

import dataclasses
import inspect
import itertools
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dynamo.config.fields import FieldInfo, leaves, type_hints, without_none
from dynamo.config.schema import BACKENDS, BackendConfig, Config

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"

GROUP_TEXTS = {
    "action": "What to do with the configuration.",
    "deployment": "Defaults that belong together: what this worker is part of.",
    "preset": "Whole configurations, ready to run.",
}
"""Pages that have no class of their own in the schema."""


@dataclass(frozen=True)
class Option:
    """One file of a config group."""

    group: str
    name: str
    text: str

    @property
    def override(self) -> str:
        return f"{self.group}={self.name}"


@dataclass(frozen=True)
class Page:
    """One group or section of the configuration."""

    name: str
    """File name without suffix."""
    title: str
    text: str
    options: tuple[Option, ...]
    fields: tuple[FieldInfo, ...]


def pages() -> list[Page]:
    """Return every page in the order of the schema; engines follow what they have in common."""
    found = [Page("action", "action", GROUP_TEXTS["action"], (), tuple(_own_fields(Config)))]
    for name, hint in type_hints(Config).items():
        owner = typing.cast(type, without_none(hint)[0])
        if dataclasses.is_dataclass(owner):
            fields = _documented(owner, f"{name}.")
            found.append(Page(name, name, doc(owner), options(name), tuple(fields)))
        if owner is BackendConfig:
            found += _engine_pages()
    for name in ("deployment", "preset"):
        found.append(Page(name, name, GROUP_TEXTS[name], options(name), ()))
    return found


def _engine_pages() -> Iterator[Page]:
    common = {field.path for field in leaves(BackendConfig, "backend.")}
    for name, owner in BACKENDS.items():
        own = [field for field in _documented(owner, "backend.") if field.path not in common]
        if own:
            yield Page(f"backend-{name}", f"backend={name}", doc(owner), (), tuple(own))


def _own_fields(owner: type) -> list[FieldInfo]:
    """Return the settings of a class itself, without those of its sections."""
    return [field for field in leaves(owner) if "." not in field.path]


def _documented(owner: type, prefix: str) -> Iterator[FieldInfo]:
    """Yield the settings of a section, and below a mapping those of each of its entries."""
    for field in leaves(owner, prefix):
        yield field
        entry = (typing.get_args(field.type) or (None, None))[-1]
        if isinstance(entry, type) and dataclasses.is_dataclass(entry):
            yield from leaves(entry, f"{field.path}.NAME.")


def doc(owner: type) -> str:
    """Return the docstring of a schema class."""
    return inspect.getdoc(owner) or ""


def options(group: str) -> tuple[Option, ...]:
    """Return the options of a group; empty where it has none or only one."""
    files = sorted((CONF / group).rglob("*.yaml"))
    found = [
        Option(group, str(file.relative_to(CONF / group).with_suffix("")), comment(file))
        for file in files
    ]
    return tuple(found) if len(found) > 1 else ()


def comment(file: Path) -> str:
    """Return what the comment at the top of an option's file says, whole."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), file.read_text().splitlines())
    said = [line.lstrip("# ") for line in lines]
    return " ".join(line for line in said if not line.startswith(("@package", "python launch.py")))


def default_value(field: FieldInfo) -> Any:
    """Return the default as declared."""
    declared = next(one for one in dataclasses.fields(field.owner) if one.name == field.name)
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return declared.default


def default_text(field: FieldInfo) -> str:
    """Return the default as it would be written in YAML."""
    value = default_value(field)
    if isinstance(value, str) and value and "\n" not in value:
        return value
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def english(page: Page) -> dict[str, str]:
    """Return every text of a page by its key, as it must be translated."""
    texts = {f"page {page.name}": page.text}
    texts |= {f"option {option.override}": option.text for option in page.options}
    texts |= {field_key(page, field): field.doc for field in page.fields}
    return {key: unwrapped(text) for key, text in texts.items() if text}


def unwrapped(text: str) -> str:
    """Join wrapped lines; paragraphs and the items of a list keep lines of their own."""
    lines = re.split(r"\n\n|\n(?=- )", text)
    return "\n".join(" ".join(line.split()) for line in lines)


def field_key(page: Page, field: FieldInfo) -> str:
    """Return the key of a setting's text; engines may have settings of the same name."""
    engine = page.title.removeprefix("backend=") if page.name.startswith("backend-") else ""
    return f"{engine} {field.path}".strip()
