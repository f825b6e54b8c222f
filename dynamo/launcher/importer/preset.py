"""Write what a command line says as a preset."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from dynamo.config.problems import Problem
from dynamo.config.redact import redact
from dynamo.launcher.importer.translate import Translation

WIDTH = 100
PLAIN = re.compile(r"[A-Za-z/][\w./-]*(:[\w./-]+)*")
"""Texts that no reader of YAML takes for anything else, beside the words below."""
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n")
GROUPS = ("deployment", "backend", "store", "request_plane", "event_plane", "connector", "role")
"""Groups in the order of the list of defaults; others follow by name."""
FIRST, LAST = ("model", "runtime"), "backend"
"""Sections in front of all others, and behind them."""


class _Dumper(yaml.SafeDumper):
    """Quotes every text that a reader of YAML could take for a number or a switch."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    style = None if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def preset_text(name: str, translation: Translation) -> str:
    """Return the preset; its first comment is the line that runs it."""
    found = translation.found
    lines = [
        "# @package _global_",
        f"# python launch.py preset={name}",
        f"# Imported from a command line of {translation.server.title}.",
        *_not_said(found.left_out),
        "defaults:",
        *(
            f"  - override /{group}: {_option(found.groups[group])}"
            for group in _order(found.groups)
        ),
        "",
    ]
    settings = {
        **found.settings,
        **{f"backend.engine.{key}": value for key, value in found.engine.items()},
        **{f"backend.environment.{key}": value for key, value in found.environment.items()},
    }
    tree = _tree(settings)
    middle = (name for name in tree if name not in (*FIRST, LAST))
    sections = [name for name in (*FIRST, *middle, LAST) if name in tree]
    return "\n".join(lines) + _yaml({name: tree[name] for name in sections})


def _order(groups: Iterable[str]) -> list[str]:
    known = {name: place for place, name in enumerate(GROUPS)}
    return sorted(groups, key=lambda name: (known.get(name, len(known)), name))


def _option(value: Any) -> str:
    return "[" + ", ".join(value) + "]" if isinstance(value, list) else str(value)


def _not_said(problems: Iterable[Problem]) -> Iterator[str]:
    """List what the preset does not say, each with its reason."""
    listed = [problem for problem in problems if not problem.fatal]
    if listed:
        yield "# Not in this preset:"
    for problem in listed:
        value = redact(problem.value, problem.path)
        head = " ".join(str(part) for part in (problem.path, value) if part not in ("", None))
        meant = f" (did you mean: {problem.suggestion})" if problem.suggestion else ""
        yield f"#   {_one_line(head)}: {_one_line(problem.message + meant)}"


def _one_line(text: str) -> str:
    """A comment ends with its line, whatever stands in it."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _tree(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nest dotted paths; below `backend.engine` and `backend.environment` names have no dots."""
    tree: dict[str, Any] = {}
    for path, value in settings.items():
        *sections, leaf = path.split(".")
        below = tree
        for section in sections:
            below = below.setdefault(section, {})
        below[leaf] = escaped(value)
    return tree


def escaped(value: Any) -> Any:
    """Write `${` so that it is no reference: backslashes count only in front of it."""
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", value)
    if isinstance(value, Mapping):
        return {key: escaped(below) for key, below in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list | tuple) else value


def _yaml(tree: Mapping[str, Any]) -> str:
    dumped = yaml.dump(
        tree, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True,
        default_flow_style=False,
    )  # fmt: skip
    return "\n" + str(dumped) if tree else ""
