"""Names that the runtime wheel knows, without importing it.

They were read from ai-dynamo-runtime 1.6.1 by scripts/make_names.py; a test compares them with the
installed wheel.
"""

import functools
import json
from pathlib import Path


@functools.cache
def _names() -> dict[str, list[str]]:
    file = Path(__file__).with_name("data") / "names.json"
    names: dict[str, list[str]] = json.loads(file.read_text("utf-8"))
    return names


def tool_call_parsers() -> tuple[str, ...]:
    """Return the values that `runtime.tool_call_parser` may have (R27)."""
    return tuple(_names()["tool_call_parsers"])


def reasoning_parsers() -> tuple[str, ...]:
    """Return the values that `runtime.reasoning_parser` may have (R27)."""
    return tuple(_names()["reasoning_parsers"])


def runtime_variables() -> frozenset[str]:
    """Return the environment variables that some process of a Dynamo cluster reads.

    Those of other processes (frontend, planner, workers of other engines) are among them: a fleet
    sets one environment for all, so they are no mistake in a worker.
    """
    return frozenset(_names()["runtime_variables"]) | frozenset(_names()["other_variables"])
