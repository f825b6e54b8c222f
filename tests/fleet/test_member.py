"""One process of a fleet: when it is started again, and when it is given up."""

import asyncio
import os
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.fleet.member import Member, restart_delay
from dynamo.fleet.plan import FleetPlan, MemberPlan

pytestmark = pytest.mark.e2e

SERVE = "print('ready: me', flush=True)"
FOREVER = f"import time; {SERVE}; time.sleep(60)"
INHERITED = os.open(os.devnull, os.O_RDONLY)
STUBBORN = (
    f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVE}; time.sleep(60)"
)


def member(tmp_path: Path, code: str, **plan: float) -> Member:
    """Return a process that runs Python code; no wait before a restart."""
    own = MemberPlan("decode-0", "decode", (code,))
    fleet = FleetPlan((own,), str(tmp_path), "tiny", None, restart_delay_seconds=0)
    for name, value in plan.items():
        object.__setattr__(fleet, name, value)
    return Member(own, fleet, [sys.executable, "-c"], tmp_path / "decode-0.log", INHERITED)


async def follow(followed: Member) -> None:
    while True:
        followed.new_lines()
        await asyncio.sleep(0.01)


async def given_up(followed: Member) -> tuple[str, list[str]]:
    """Return why a process is given up, and what was said before."""
    said: list[str] = []
    following = asyncio.ensure_future(follow(followed))
    reason = await asyncio.wait_for(followed.keep_running(said.append), 30)
    following.cancel()
    return reason, said


@pytest.mark.parametrize(
    ("first", "restarts", "expected"), [(1, 0, 1), (1, 3, 8), (1, 20, 30), (0, 5, 0), (60, 0, 30)]
)
def test_waits_double_up_to_half_a_minute(first: float, restarts: int, expected: float) -> None:
    assert restart_delay(first, restarts) == expected


async def test_a_process_that_never_served_is_not_tried_again(tmp_path: Path) -> None:
    reason, said = await given_up(member(tmp_path, "print('no'); raise SystemExit(3)"))
    assert reason.startswith("decode-0 ended with status 3 before it was ready: see ")
    assert said == []
    assert (tmp_path / "decode-0.log").read_text() == "no\n"


async def test_a_process_that_dies_is_started_again_so_many_times(tmp_path: Path) -> None:
    reason, said = await given_up(
        member(tmp_path, f"import time; {SERVE}; time.sleep(0.3)", max_restarts=2)
    )
    assert "ended with status 0 after 2 restarts" in reason
    assert [line.split("(")[1] for line in said] == ["1 of 2)", "2 of 2)"]
    assert (tmp_path / "decode-0.log").read_text() == "ready: me\n" * 3


async def served(running: Member) -> "asyncio.Task[str]":
    task = asyncio.ensure_future(running.keep_running(print))
    following = asyncio.ensure_future(follow(running))
    await asyncio.wait_for(running.ready.wait(), 30)
    following.cancel()
    return task


async def test_a_process_that_is_stopped_is_not_started_again(tmp_path: Path) -> None:
    running = member(tmp_path, FOREVER)
    task = await served(running)
    await running.stop(asyncio.Event())
    assert await task == "decode-0 ended with signal SIGTERM"


async def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    running = member(tmp_path, STUBBORN, stop_timeout_seconds=0.2)
    task = await served(running)
    await running.stop(asyncio.Event())
    assert await task == "decode-0 ended with signal SIGKILL"


async def test_what_a_process_started_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(child.pid, flush=True); print('ready: me', flush=True); time.sleep(60)"
    )
    running = member(tmp_path, code)
    task = await served(running)
    child = int((tmp_path / "decode-0.log").read_text().split()[0])
    await running.stop(asyncio.Event())
    await task
    _gone, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], 5)
    assert alive == []
