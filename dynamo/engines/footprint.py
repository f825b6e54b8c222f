"""What a running engine leaves on the machine: processes, shared memory, temporary files.

An engine removes most of it when it ends in good order and little when a process of it is killed,
so each gets a temporary directory of its own and what it mapped is noted while it lives.
"""

import multiprocessing
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

import psutil  # type: ignore[import-untyped]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_SEGMENT = re.compile(r" /dev/shm/(\S+)")
DIRECTORY_PREFIX = "dynamo-engine-"
LONGEST_SOCKET_PATH = 107
SHORT_TEMPORARY_DIRECTORY = "/tmp"  # noqa: S108
GRACE_SECONDS = 5
"""How long a process of the engine may take to end before it is killed."""


def socket_directory() -> str | None:
    """Return where an engine's sockets find room; None is the usual temporary directory.

    The path of a Unix socket has at most 107 characters, and vLLM names sockets by 36 of them.
    """
    used = len(DIRECTORY_PREFIX) + 8 + len("/") + 36
    fits = len(tempfile.gettempdir()) + len("/") + used <= LONGEST_SOCKET_PATH
    return None if fits else SHORT_TEMPORARY_DIRECTORY


class Footprint:
    """Collects what one engine owns, and removes it."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX, dir=socket_directory()))
        # Also when this process ends without having stopped the engine.
        self._remove_directory = weakref.finalize(self, remove_directory, self.directory)
        self._others_children = set(multiprocessing.active_children())
        self._others_segments = mapped_segments(os.getpid())
        self._children: set[multiprocessing.process.BaseProcess] = set()
        self._descendants: set[psutil.Process] = set()
        self.given_up = False
        """Whether the engine is not wanted any more, though it is still starting."""
        self._segments: set[str] = set()
        self._noting = threading.Lock()

    def note(self) -> None:
        """Take down the engine's processes and their shared memory; call it while they run."""
        with self._noting:
            self._note()

    def _note(self) -> None:
        self._children |= set(multiprocessing.active_children()) - self._others_children
        for child in self._children:
            with suppress(psutil.NoSuchProcess):
                self._descendants |= set(psutil.Process(child.pid).children(recursive=True))
        pids = {child.pid for child in self._children} | {each.pid for each in self._descendants}
        for pid in pids:
            self._segments |= mapped_segments(pid) - self._others_segments

    def kill_processes(self) -> None:
        """End at once whatever of the engine still runs."""
        self.note()
        for child in self._children:
            child.kill()
        for process in self._descendants:
            with suppress(psutil.NoSuchProcess):
                process.kill()  # compares the start time: never a process that reused the pid

    def remove(self) -> None:
        """Wait a little for processes to end, kill the others, then remove what they left."""
        self.note()
        self._wait()
        self.kill_processes()
        self._wait()
        for segment in self._segments:
            unlink(segment)
        self._remove_directory()

    def _wait(self) -> None:
        for child in self._children:
            child.join(GRACE_SECONDS)
        psutil.wait_procs(self._descendants, timeout=GRACE_SECONDS)


@contextmanager
def temporary_directory(directory: Path) -> Iterator[None]:
    """Let this process and those that it starts put temporary files into `directory`.

    Variables that the engine library sets meanwhile are undone: some name this directory.
    """
    before = dict(os.environ)
    os.environ["TMPDIR"] = str(directory)
    tempfile.tempdir = None
    try:
        yield
    finally:
        tempfile.tempdir = None
        changed = {name for name, _ in before.items() ^ os.environ.items()}
        set_variables({name: before.get(name) for name in changed})


def remove_directory(directory: Path) -> None:
    """Remove an engine's temporary directory; any other is left alone."""
    if directory.name.startswith(DIRECTORY_PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def set_variables(values: Mapping[str, str | None]) -> None:
    """Set environment variables; None unsets one."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def mapped_segments(pid: int | None) -> set[str]:
    """Return the names of the shared memory that a process uses; none when it is gone."""
    try:
        return set(_SEGMENT.findall(Path(f"/proc/{pid}/maps").read_text()))
    except OSError:
        return set()


def unlink(segment: str) -> None:
    """Remove a segment and tell Python's resource tracker, which else warns about it at exit."""
    if not (SHARED_MEMORY / segment).exists():
        return
    if segment.startswith("sem."):
        name, kind = "/" + segment.removeprefix("sem."), "semaphore"
    else:
        name, kind = "/" + segment, "shared_memory"
    resource_tracker.register(name, kind)  # unregistering an unknown name is an error
    (SHARED_MEMORY / segment).unlink(missing_ok=True)
    resource_tracker.unregister(name, kind)
