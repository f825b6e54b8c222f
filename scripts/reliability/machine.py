"""What a result depends on: the machine, the versions, the day."""

import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path


def circumstances(distributions: Sequence[str]) -> str:
    """Return where and when this runs, with the versions of some installed distributions."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in distributions)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{today}, {cores} cores of {_processor()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()
