"""Read the command line and the environment of a running process, and files of variables."""

import os
from pathlib import Path

from dynamo.config.problems import Problem
from dynamo.launcher.dump import ENVIRONMENT_PREFIXES
from dynamo.launcher.importer.source import Source, SourceError, assignment

PROC = Path("/proc")
OWN_PREFIXES = (
    *ENVIRONMENT_PREFIXES, "KVBM_", "LMCACHE_", "MC_", "FLEXKV_", "SGL_", "TORCHDYNAMO_",
)  # fmt: skip
"""What a variable begins with that may concern a worker; the rest is the shell's."""


def read_process(pid: int, proc: Path = PROC) -> Source:
    """Return what a process of this user was started with.

    Raises:
        SourceError: there is no such process, or it is somebody else's.
    """
    folder = proc / str(pid)
    try:
        if folder.stat().st_uid != os.getuid():
            text = "belongs to another user"
            raise SourceError(Problem("--pid", pid, text, "a process of this user"))
        words = _texts((folder / "cmdline").read_bytes())
        pairs = [assignment(text) for text in _texts((folder / "environ").read_bytes())]
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
        raise SourceError(Problem("--pid", pid, text, "a process of this user")) from error
    if not words:
        raise SourceError(Problem("--pid", pid, "has no command line"))
    environment = dict(pair for pair in pairs if pair)
    kept = {name: value for name, value in environment.items() if name.startswith(OWN_PREFIXES)}
    notes = tuple(_others(sorted(environment.keys() - kept.keys())))
    return Source(tuple(words), kept, notes=notes)


def _texts(data: bytes) -> list[str]:
    """Split what the kernel separates by zero bytes; a text may be empty."""
    texts = data.decode("utf-8", "surrogateescape").removesuffix("\0")
    return texts.split("\0") if data else []


def _others(names: list[str]) -> list[Problem]:
    if not names:
        return []
    text = "are variables of the process that concern no worker, and are left out"
    return [Problem(", ".join(names), "", text, fatal=False)]


def read_env_file(text: str, path: str) -> dict[str, str]:
    """Read `NAME=value` lines as container tools do: no quotes, `#` begins a comment.

    Raises:
        SourceError: a line is none of these.
    """
    variables: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        pair = assignment(stripped.removeprefix("export "))
        if pair is not None:
            variables[pair[0]] = pair[1]
        elif stripped and not stripped.startswith("#"):
            where = f"{path}:{number}"
            problems.append(Problem("--env-file", "", "is no variable", "NAME=value", source=where))
    if problems:
        raise SourceError(*problems)
    return variables
