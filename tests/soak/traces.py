"""What a fleet has on the machine, and what of it is still there when it should be gone."""

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from dynamo.engines.footprint import SHARED_MEMORY, mapped_segments
from tests.e2e.engines import shared_memory

MARK = "FLEET_OF_THIS_TEST"
"""Environment variable by which processes of a fleet are found, whoever their parent is."""
LEASE_SECONDS = 14.0
"""A store forgets a worker ten seconds after its last sign of life, and looks every 3.3 s."""


@dataclass(frozen=True)
class Place:
    """Where a fleet leaves its traces."""

    mark: str
    temporary: Path
    """Its directory for temporary files."""
    store: Path
    sessions: set[int] = field(default_factory=set)
    """Sessions in which its processes were seen: an engine core overwrites its environment when it
    gives itself a name."""


@dataclass(frozen=True)
class Traces:
    """What all processes of a fleet have now."""

    processes: frozenset[psutil.Process]
    segments: frozenset[Path]
    ports: frozenset[int]
    files: frozenset[Path]
    """At the top of the directory for temporary files."""


def processes_of(place: Place) -> frozenset[psutil.Process]:
    """Return all living processes of this machine that belong to a fleet."""
    every = [each for each in psutil.process_iter() if _lives(each)]
    place.sessions.update(_session(each) for each in every if _carries(each, place.mark))
    return frozenset(each for each in every if _session(each) in place.sessions)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return bool(process.environ().get(MARK) == mark)
    except psutil.Error:
        return False


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return -1


def traces_of(place: Place) -> Traces:
    """Look at all processes of a fleet; those that end meanwhile have nothing."""
    segments, ports = set[Path](), set[int]()
    processes = processes_of(place)
    for process in processes:
        try:
            segments |= shared_memory(process)
            listening = [each for each in process.net_connections("tcp") if each.status == "LISTEN"]
        except psutil.Error:
            continue
        ports |= {each.laddr.port for each in listening}
    return Traces(
        processes, frozenset(segments), frozenset(ports), frozenset(place.temporary.iterdir())
    )


def left_behind(before: Traces, now: Traces, root: psutil.Process | None) -> list[str]:
    """Name what the dead left: strays, their shared memory and their ports; `root` started all
    that may live, None: nothing may."""
    family = set[psutil.Process]()
    if root is not None:
        family = {root, *root.children(recursive=True)}
    strays = now.processes - family
    segments = {each for each in before.segments - now.segments if each.exists()}
    ports = {each for each in before.ports - now.ports if _accepts(each)}
    return [
        *(f"process {each.pid} {each.name()}" for each in strays if each.is_running()),
        *(f"shared memory {each}" for each in segments),
        *(f"port {each}" for each in ports),
    ]


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def store_entries(store: Path, not_renewed_for: float = 0.0) -> list[str]:
    """Name the entries of a file store that nobody has renewed for so many seconds."""
    oldest = time.time() - not_renewed_for
    return [
        f"store entry {each.relative_to(store)}"
        for each in store.rglob("*")
        if each.is_file() and _modified(each) <= oldest
    ]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def orphaned_segments(since: frozenset[Path]) -> frozenset[Path]:
    """Return the shared memory that appeared since and that no living process uses."""
    new = frozenset(SHARED_MEMORY.iterdir()) - since
    used = {segment for process in psutil.process_iter() for segment in _mapped(process)}
    return new - used


def _mapped(process: psutil.Process) -> set[Path]:
    return {SHARED_MEMORY / name for name in mapped_segments(process.pid)}
