"""Short forms of `make soak` with the mock engine: a hundred times its rate, three kills."""

from pathlib import Path

from tests.e2e.fleet import Fleet, mock_settings
from tests.soak.kills import kill_in_turns
from tests.soak.long_run import long_run
from tests.soak.memory import MIB
from tests.soak.steady_load import EXPECTED

SECONDS, REQUESTS = 5, 300
MOST_GROWTH = 16 * MIB
"""In seconds allocators have not settled: this finds what a request keeps by tens of KiB."""


def test_nobody_is_let_down_and_no_process_grows(tmp_path: Path, tiny_model: Path) -> None:
    fleet = Fleet(tmp_path, tiny_model, ("store=file", f"store.path={tmp_path / 'store'}"))
    try:
        run = long_run(fleet, "mock", SECONDS, REQUESTS)
    finally:
        fleet.close()
    assert set(run.seen) <= EXPECTED, run.seen
    assert run.seen.total() == REQUESTS
    assert {each.process for each in run.growth} == {"frontend", "worker"}
    assert all(each.held[-1] - each.held[2] < MOST_GROWTH for each in run.growth), run.growth


def test_nothing_is_left_after_kills_of_each_process(tiny_model: Path) -> None:
    settings = (*mock_settings(tiny_model), "fleet.aggregated.replicas=1")
    kills = kill_in_turns(settings, ("frontend", "worker", "fleet"), 3, leases=False)
    assert [(kill.killed, kill.left) for kill in kills.kills] == [
        ("frontend", []), ("worker", []), ("fleet", []),
    ]  # fmt: skip
