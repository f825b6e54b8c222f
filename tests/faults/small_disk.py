"""A disk that can be filled: a mounted one, or a limit that has the same effect."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = "256k"
FILLER = "filler"
NOTHING_MORE = (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1])


@dataclass
class SmallDisk:
    """A directory; once it is filled, no byte more fits.

    Where nothing can be mounted, no file of the processes given to `fill` can grow any more,
    wherever it is: a write fails then as on a full disk, with another errno (EFBIG for ENOSPC).
    """

    path: Path
    mounted: bool

    def fill(self, *pids: int) -> None:
        """Take all the room that is left, for these processes at least."""
        if not self.mounted:
            for pid in pids:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, NOTHING_MORE)
            return
        with (self.path / FILLER).open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                return

    @property
    def at_start(self) -> Callable[[], None] | None:
        """What a process runs first that starts while the disk is full; None: nothing."""
        if self.mounted:
            return None
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, NOTHING_MORE)


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Mount an empty disk if this user may, with sudo or without."""
    path.mkdir()
    sudo = _sudo()
    options = f"size={SIZE},mode=0777"
    mounted = _succeeds(*sudo, "mount", "-t", "tmpfs", "-o", options, "small-disk", str(path))
    try:
        yield SmallDisk(path, mounted)
    finally:
        if mounted:
            subprocess.run([*sudo, "umount", "--lazy", str(path)], check=True)


def _sudo() -> Sequence[str]:
    return (
        () if os.geteuid() == 0 or shutil.which("sudo") is None else ("sudo", "--non-interactive")
    )


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
