"""One process of a fleet over its whole life: started, started again, stopped."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dynamo.fleet.output import READY, Follower
from dynamo.fleet.plan import FleetPlan, MemberPlan
from dynamo.fleet.process import Process, status_text

LONGEST_DELAY_SECONDS = 30.0
STABLE_SECONDS = 600.0
"""After so long without a death, earlier ones no longer count."""
URGENT_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass
class Member:
    """A process of the fleet, running or not."""

    plan: MemberPlan
    fleet: FleetPlan
    program: Sequence[str]
    log: Path
    inherited: int
    """File descriptor that the process keeps open."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process that runs now has said so."""
    process: Process | None = None
    stopping: bool = False
    served: bool = False
    """Whether it was ever ready."""
    restarts: int = 0
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.follower = Follower(self.log)

    def new_lines(self) -> list[str]:
        """Return what the process printed since the last call, and notice that it is ready."""
        lines = list(self.follower.new_lines())
        if any(line.startswith(READY) for line in lines):
            self.served = True
            self.ready.set()
        return lines

    async def keep_running(self, say: Say) -> str:
        """Start the process again whenever it dies; return why that is given up.

        One that ends before it was ever ready cannot start, and trying again would not help.
        """
        while True:
            self.ready.clear()
            started = time.monotonic()
            command = [*self.program, *self.plan.overrides]
            self.process = Process(command, self.plan.environment, self.log, self.inherited)
            status = await self.process.wait()
            self.process = None
            ended = f"{self.plan.name} ended with {status_text(status)}"
            if self.stopping:
                return ended
            if not self.served:
                return f"{ended} before it was ready: see {self.log}"
            if time.monotonic() - started > STABLE_SECONDS:
                self.restarts = 0
            if self.restarts == self.fleet.max_restarts:
                return f"{ended} after {self.restarts} restarts: see {self.log}"
            delay = restart_delay(self.fleet.restart_delay_seconds, self.restarts)
            self.restarts += 1
            say(f"{ended}; started again in {delay:g} s ({self.restarts} of "
                f"{self.fleet.max_restarts})")  # fmt: skip
            await asyncio.sleep(delay)

    async def stop(self, urgent: asyncio.Event) -> None:
        """Ask the process to end, and kill it when it takes too long or `urgent` is set."""
        self.stopping = True
        process = self.process
        if process is None:
            return
        process.ask_to_end()
        ended = asyncio.ensure_future(process.wait())
        hurry = asyncio.ensure_future(urgent.wait())
        limit = self.fleet.stop_timeout_seconds
        await asyncio.wait([ended, hurry], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if urgent.is_set() and not ended.done():
            process.ask_to_end()
            await asyncio.wait([ended], timeout=URGENT_SECONDS)
        if not ended.done():
            process.kill()
        await ended


def restart_delay(first: float, restarts: int) -> float:
    """Return how many seconds to wait before a process is started again."""
    return float(min(first * 2**restarts, LONGEST_DELAY_SECONDS))
