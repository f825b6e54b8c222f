"""The file store: can it be written to, and is there room."""

import os
import tempfile
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem

VARIABLE = "DYN_FILE_KV"
DEFAULT_NAME = "dynamo_store_kv"
ENTRIES_BYTES = 64 * 1024
"""More than all entries of one worker."""


def check_store(plan: LaunchPlan) -> list[Problem]:
    """Write as much as a worker would, to a file without a name that is gone at once.

    The engine would be loaded for minutes before the runtime finds out.
    """
    if plan.runtime.store != "file":
        return []
    directory = store_directory(plan)
    present = next(each for each in (directory, *directory.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=present) as probe:
            probe.write(os.urandom(ENTRIES_BYTES))
            probe.flush()
    except OSError as error:
        text = f"cannot be written to: {str(error.strerror).lower()}"
        allowed = f"a directory with {ENTRIES_BYTES // 1024} KiB free; {VARIABLE} sets it too"
        return [Problem("store.path", str(directory), text, allowed)]
    return []


def store_directory(plan: LaunchPlan) -> Path:
    """Return the absolute directory that the runtime will use."""
    chosen = plan.runtime.environment.get(VARIABLE)
    return Path(chosen or Path(tempfile.gettempdir(), DEFAULT_NAME)).absolute()
