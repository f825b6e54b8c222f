"""A disk on which no byte more fits: under the file store, and under the dump."""

import time
from pathlib import Path

from tests.e2e.fleet import MODEL
from tests.faults.load import load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.refusal import refusal
from tests.faults.small_disk import small_disk
from tests.faults.stage import CLIENTS, STEADY, Stage

LONGER_THAN_A_LEASE = 12.0
DUMP = "configuration.json"


def store_full(stage: Stage) -> Outcome:
    """The store's disk fills up while a worker serves, and stays full for longer than a lease.

    What is there is renewed and clients notice nothing; another worker is refused before it
    starts its engine.
    """
    disk = stage.stack.enter_context(small_disk(stage.directory / "disk"))
    store = disk.path / "store"
    fleet, (worker,) = stage.pair("store=file", DYN_FILE_KV=str(store))
    entries = store_files(store)
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        filled = time.monotonic()
        disk.fill(*(each.pid for each in fleet.processes))
        refused = refusal(stage, f"store.path={store}", "store=file", "frontend=none",
                          prepare=disk.at_start)  # fmt: skip
        time.sleep(max(0.0, filled + LONGER_THAN_A_LEASE - time.monotonic()))
        running.wait_for_answers(STEADY, time.monotonic())
    assert store_files(store) == entries
    assert worker.process.poll() is None
    assert refused.status == 2, refused.text
    assert f"store.path = {store}" in refused.text
    return Outcome(
        f"{seen_text(running.seen(filled))}; a worker that is started then: status 2 "
        f"after {refused.seconds:.1f} s, names store.path",
        running.lost(),
    )


def store_files(store: Path) -> set[Path]:
    """Return the entries of a store, and whatever else was left there."""
    return {each for each in store.rglob("*") if each.is_file()}


def dump_full(stage: Stage) -> Outcome:
    """There is no room for the configuration's dump: it goes to the log, the worker serves."""
    disk = stage.stack.enter_context(small_disk(stage.directory / "disk"))
    disk.fill()
    # A device that is always full, where no disk can be mounted: anybody may write to it.
    target = disk.path / DUMP if disk.mounted else Path("/dev/full")
    fleet = stage.fleet("store=file")
    worker = fleet.worker(f"runtime.dump_config_to={target}")
    fleet.frontend()
    fleet.wait_until_listed()
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
    log = worker.log.read_text()
    assert f"cannot write the configuration to {target}: " in log
    assert "No space left on device" in log
    assert f'"served_name": "{MODEL}"' in log
    assert not disk.mounted or not list(disk.path.glob(f"*{DUMP}*"))
    return Outcome(f"{seen_text(running.seen())}; the dump is in the log", running.lost())
