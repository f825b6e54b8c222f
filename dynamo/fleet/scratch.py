"""Directories that mean nothing without the fleet go with its last process, whatever ends it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

END_SECONDS = 5.0
_REMOVE = (
    "import shutil, sys; sys.stdin.read(); "
    "[shutil.rmtree(name, ignore_errors=True) for name in sys.argv[1:]]"
)


@contextmanager
def scratch(directories: Sequence[Path]) -> Iterator[int]:
    """Yield what every process of the fleet inherits: the writing end of a pipe.

    A process of its own reads the other end. It comes to the end once nobody holds the writing end
    any more, also when this process is killed, and removes the directories then.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", _REMOVE, *map(str, directories)]
    with os.fdopen(reading, "rb") as end:
        # Of its own session: it stays when Ctrl-C or a hang-up ends the others.
        remover = subprocess.Popen(
            command,
            stdin=end,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield writing
    finally:
        os.close(writing)
        with suppress(subprocess.TimeoutExpired):
            remover.wait(END_SECONDS)
