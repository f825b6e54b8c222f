"""From JSON to typed pools; everything that is wrong is reported at once (R165 to R169)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamo.config.global_router.fields import Section
from dynamo.config.global_router.grid import parse_pools
from dynamo.config.global_router.pools import MODES, GlobalRouter
from dynamo.config.nesting import ALLOWED, TOO_DEEP, is_too_deep
from dynamo.config.problems import Problem


@dataclass(frozen=True)
class Checked:
    """A file, or the reasons why it cannot be used."""

    router: GlobalRouter | None
    """None when a problem is fatal."""
    problems: tuple[Problem, ...]


def read(file: Path) -> Checked:
    """R165: read and check a file; nothing is raised for what the file holds."""
    repeated: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _value in pairs]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(pairs)

    try:
        data = json.loads(file.read_text("utf-8"), object_pairs_hook=mapping)
    except OSError as error:
        return _unreadable(file, f"cannot be read: {error.strerror}", "an existing JSON file")
    except (ValueError, RecursionError) as error:
        text = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        return _unreadable(file, f"is not JSON: {text}", "a JSON object")
    if is_too_deep(data):
        return _unreadable(file, TOO_DEEP, ALLOWED)
    found = check(data)
    twice = tuple(Problem(key, "", "is given more than once", rule="R165") for key in repeated)
    return Checked(None if twice else found.router, (*twice, *found.problems))


def check(data: object) -> Checked:
    """Check the value of a JSON file: R165 to R169."""
    problems: list[Problem] = []
    if not isinstance(data, dict):
        return Checked(None, (Problem("file", type(data).__name__, "is not a JSON object"),))
    top = Section("", data, problems)
    mode = top.choice("mode", tuple(MODES), default="disagg")
    retry = top.boolean("enable_priority_retry", default=False)
    pools = [parse_pools(top, kind) for kind in MODES.get(mode, ())]
    if mode:
        top.report_unknown()
    if any(problem.fatal for problem in problems):
        return Checked(None, tuple(problems))
    kinds = tuple(each for each in pools if each is not None)
    return Checked(GlobalRouter(mode, kinds, retry), tuple(problems))


def _unreadable(file: Path, message: str, allowed: str) -> Checked:
    return Checked(None, (Problem(str(file), "", message, allowed, rule="R165"),))
