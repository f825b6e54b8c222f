"""Run a fleet: start its processes, look after them, and stop them in order."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from dynamo.fleet.member import Member
from dynamo.fleet.output import Terminal
from dynamo.fleet.plan import FleetPlan
from dynamo.fleet.scratch import scratch
from dynamo.worker.listing import base_url, curl_line, wait_until_listed
from dynamo.worker.shutdown import Reason, StopSignal

OWN_NAME = "fleet"
OUTPUT_SECONDS = 0.1
SCRATCH = ("store", "kv")
"""Directories of the fleet's own that mean nothing without it."""
STOP_ORDER = (("frontend",), ("prefill",), ("decode", "aggregated"))
"""The way of a request: what was accepted is finished by those that are still there."""


def run_fleet(plan: FleetPlan, program: Sequence[str]) -> int:
    """Run until a signal, or until a process cannot be kept running; returns the exit status.

    `program` is the beginning of every process's command line.
    """
    directory = Path(plan.directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"error: fleet.directory: cannot make {directory}: {error.strerror}", file=sys.stderr)
        return Reason.FAILED.value
    with scratch([directory / name for name in SCRATCH]) as inherited:
        return asyncio.run(_run(plan, program, directory, inherited)).value


async def _run(plan: FleetPlan, program: Sequence[str], directory: Path, inherited: int) -> Reason:
    stop = StopSignal()
    terminal = Terminal([OWN_NAME, *(member.name for member in plan.members)])
    say = partial(terminal.show, OWN_NAME)
    fleet = [
        Member(member, plan, program, directory / f"{member.name}.log", inherited)
        for member in plan.members
    ]
    say(f"{len(fleet)} processes, logs in {directory}")
    following = asyncio.ensure_future(_show_output(fleet, terminal))
    running = [asyncio.ensure_future(member.keep_running(say)) for member in fleet]
    announcing = asyncio.ensure_future(_announce(plan, fleet, say))
    asked = asyncio.ensure_future(stop.asked.wait())
    await asyncio.wait([asked, *running], return_when=asyncio.FIRST_COMPLETED)
    announcing.cancel()
    asked.cancel()
    for given_up in (task for task in running if task.done()):
        say(f"error: {given_up.result()}")
    say("stopping")
    await _stop(fleet, stop)
    for task in running:
        task.cancel()
    following.cancel()
    _show_rest(fleet, terminal)
    say("stopped")
    return Reason.ASKED if stop.asked.is_set() else Reason.FAILED


async def _stop(fleet: Sequence[Member], stop: StopSignal) -> None:
    for member in fleet:
        member.stopping = True
    for roles in STOP_ORDER:
        part = [member.stop(stop.urgent) for member in fleet if member.plan.role in roles]
        await asyncio.gather(*part)


async def _announce(plan: FleetPlan, fleet: Sequence[Member], say: partial[None]) -> None:
    """Say where the model answers, once everybody is ready."""
    await asyncio.gather(*(member.ready.wait() for member in fleet))
    if plan.frontend is None:
        say(f"ready: {plan.model}, {len(fleet)} processes without a frontend")
        return
    await wait_until_listed(plan.frontend, plan.model, None)
    say(f"ready: {plan.model} on {base_url(plan.frontend)}")
    say(f"try: {curl_line(plan.frontend, plan.model)}")


async def _show_output(fleet: Sequence[Member], terminal: Terminal) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            _show_rest(fleet, terminal)
            await asyncio.sleep(OUTPUT_SECONDS)


def _show_rest(fleet: Sequence[Member], terminal: Terminal) -> None:
    for member in fleet:
        for line in member.new_lines():
            terminal.show(member.plan.name, line)
