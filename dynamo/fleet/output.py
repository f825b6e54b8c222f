"""What the processes of a fleet print: each to its own log, all of it on the terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path

READY = "ready: "
"""Beginning of the line with which a process says that it serves."""


class Follower:
    """Reads the lines that are added to a log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0

    def new_lines(self) -> Iterator[str]:
        """Yield the lines that were completed since the last call."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
        except FileNotFoundError:
            return
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        yield from complete.decode(errors="replace").splitlines()


class Terminal:
    """Prints lines behind the name of the process that they come from."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(len(name) for name in names)

    def show(self, name: str, line: str) -> None:
        """Print one line; a reader that is gone does not matter."""
        try:
            print(f"{name:<{self._width}} | {line}", flush=True)
        except BrokenPipeError:
            sys.stdout = Path("/dev/null").open("w")  # noqa: SIM115 - for the rest of the process
