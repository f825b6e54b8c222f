"""kill -9 of each kind of process of a fleet in turns, and what is left after each."""

import statistics
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from dynamo.engines.footprint import SHARED_MEMORY
from tests.e2e.deployment import Running, fleet_command, run
from tests.e2e.engines import engine_cores
from tests.faults.load import Load, load
from tests.soak.traces import (
    LEASE_SECONDS,
    MARK,
    Place,
    Traces,
    left_behind,
    orphaned_segments,
    processes_of,
    store_entries,
    traces_of,
)

CLIENTS = 2
ANSWERS = 4
"""Good answers that show that a fleet serves again."""
START_SECONDS = 240
END_SECONDS = 60


@dataclass(frozen=True)
class Kill:
    """One kill -9."""

    killed: str
    recovered_after: float | None
    """Seconds until requests were answered again; None where all was to end."""
    left: list[str]


@dataclass(frozen=True)
class Kills:
    """All kills, and what clients saw over all."""

    kills: list[Kill]
    seen: Counter[str]


def kill_in_turns(
    settings: Sequence[str], targets: Sequence[str], times: int, *, leases: bool = True
) -> Kills:
    """Kill the targets one after the other, under load; a fleet serves until its own end.

    Targets are `frontend`, `worker`, `engine core`, and as the last one `fleet`, the process that
    started all others. Without `leases`, entries of the store are not waited for.
    """
    kills, seen = list[Kill](), Counter[str]()
    segments = frozenset(SHARED_MEMORY.iterdir())
    while len(kills) < times:
        with ExitStack() as stack:
            scene = _start(settings, stack)
            with load(scene.fleet.url, CLIENTS) as running:
                running.wait_for_answers(ANSWERS, 0.0)
                for target in targets[: times - len(kills)]:
                    kills.append(_kill(scene, target, running, leases))
            seen += running.seen()
    left = [f"shared memory {segment}" for segment in orphaned_segments(segments)]
    kills[-1] = Kill(kills[-1].killed, kills[-1].recovered_after, kills[-1].left + left)
    return Kills(kills, seen)


@dataclass(frozen=True)
class _Scene:
    fleet: Running
    place: Place


def _start(settings: Sequence[str], stack: ExitStack) -> _Scene:
    # Sockets in it must have short paths.
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
    temporary, mark = folder / "tmp", uuid.uuid4().hex
    temporary.mkdir()
    place = Place(mark, temporary, folder / "run" / "store")
    command = fleet_command(folder, *settings, "fleet.max_restarts=100")
    fleet = run(command, folder, **{MARK: mark, "TMPDIR": str(temporary)})
    stack.callback(fleet.process.wait)
    stack.callback(_end_all, place)
    fleet.wait_for(r"fleet +\| ready: ", START_SECONDS)
    return _Scene(fleet, place)


def _end_all(place: Place) -> None:
    for process in processes_of(place):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _kill(scene: _Scene, target: str, running: Load, leases: bool) -> Kill:
    victim, before = _process(scene, target), traces_of(scene.place)
    killed = time.monotonic()
    victim.kill()
    if target == "fleet":
        scene.fleet.process.wait()
        return Kill(target, None, _left_by_fleet(scene, before))
    # Its clients go on asking: what they are answered now comes from its successor.
    recovered = running.wait_for_answers(ANSWERS, killed, START_SECONDS)
    now = traces_of(scene.place)
    left = left_behind(before, now, psutil.Process(scene.fleet.process.pid))
    left += _files_left(target, before.files, now.files)
    if leases and target != "frontend":  # it has no entries in the store
        left += _entries_left(scene.place.store, killed)
    return Kill(target, recovered, left)


def _entries_left(store: Path, killed: float) -> list[str]:
    """Name the entries that outlive their lease, and a successor's first look at them."""
    time.sleep(max(0.0, killed + LEASE_SECONDS - time.monotonic()))
    deadline = time.monotonic() + LEASE_SECONDS
    while left := store_entries(store, not_renewed_for=LEASE_SECONDS):
        if time.monotonic() > deadline:
            return left
        time.sleep(0.5)
    return []


def _process(scene: _Scene, target: str) -> psutil.Process:
    if target == "fleet":
        return psutil.Process(scene.fleet.process.pid)
    if target == "engine core":
        (core,) = engine_cores(processes_of(scene.place))
        return core
    return scene.fleet.member({"frontend": "frontend-0", "worker": "aggregated-0"}[target])


def _files_left(target: str, before: frozenset[Path], now: frozenset[Path]) -> list[str]:
    """Name temporary files of the dead: with one worker, all that were there belong to it."""
    left = now - before if target == "frontend" else now & before
    return [f"temporary file {each.name}" for each in left]


def _left_by_fleet(scene: _Scene, before: Traces) -> list[str]:
    """Wait until all others have ended, as they do by themselves, and name what is left."""
    deadline = time.monotonic() + END_SECONDS
    while processes_of(scene.place) and time.monotonic() < deadline:
        time.sleep(0.1)
    now = traces_of(scene.place)
    return [
        *left_behind(before, now, None),
        *(f"temporary file {each.name}" for each in now.files),
        *(["the store"] if scene.place.store.exists() else []),
    ]


def summary(kills: Kills) -> list[tuple[str, int, str, str]]:
    """Return for each target: times, how soon requests were answered again, what was left."""
    rows = []
    for target in dict.fromkeys(kill.killed for kill in kills.kills):
        mine = [kill for kill in kills.kills if kill.killed == target]
        after = [kill.recovered_after for kill in mine if kill.recovered_after is not None]
        text = f"{statistics.median(after):.1f} s, at most {max(after):.1f} s" if after else "-"
        left = sorted({name for kill in mine for name in kill.left})
        rows.append((target, len(mine), text, ", ".join(left) or "nothing"))
    return rows
