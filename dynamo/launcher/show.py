"""Texts of `action=plan` and `action=explain`."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import yaml

from dynamo.config.assignment import override_text
from dynamo.config.plan import LaunchPlan
from dynamo.config.redact import redact


def plan_text(plan: LaunchPlan) -> str:
    """Return the plan as YAML with secrets redacted and the engine's key beside its data."""
    tree = asdict(plan)
    tree["engine"]["key"] = plan.engine.key
    tree["endpoint"]["path"] = plan.endpoint.path
    text = yaml.safe_dump(_plain(redact(tree)), sort_keys=False, width=100, allow_unicode=True)
    return str(text).rstrip()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def explain_text(
    values: Mapping[str, Any], sources: Mapping[str, str], notes: Iterable[str]
) -> str:
    """Return one line per setting: value and source in columns, then the planner's notes."""
    shown = {
        path: _short(redact({path.rsplit(".", 1)[-1]: value})) for path, value in values.items()
    }
    settings = [f"{path} = {text}" for path, text in shown.items()]
    width = min(60, max(len(text) for text in settings))
    lines = [
        f"{text:<{width}}  # {sources[path]}" for path, text in zip(shown, settings, strict=True)
    ]
    decided = [f"- {note}" for note in notes]
    return "\n".join([*lines, *(["", "decided for you:"] if decided else []), *decided])


def _short(single: Mapping[str, Any]) -> str:
    (value,) = single.values()
    return value if isinstance(value, str) and value else override_text(value)
