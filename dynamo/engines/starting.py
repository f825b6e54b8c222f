"""How an engine's library is started: in a thread, its processes forked where that is safe."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from dynamo.config.plan import EnginePlan
from dynamo.engines.footprint import Footprint

Built = TypeVar("Built")

_imported_with: Mapping[str, str] | None = None
"""Environment of the plan under which this process first imported an engine's library."""


NOTE_SECONDS = 0.5
"""How often a starting engine's traces are taken down: its processes may end before it is up."""


async def build_in_thread(build: Callable[[Footprint], Built], footprint: Footprint) -> Built:
    """Build an engine while the event loop stays free.

    Cancelled, it gives the engine up: `build` should end at its next look at the footprint, or
    because the processes that it waits for are killed.

    Raises:
        Exception: whatever `build` raises.
    """
    building = asyncio.ensure_future(asyncio.to_thread(build, footprint))
    try:
        while not (await asyncio.wait([building], timeout=NOTE_SECONDS))[0]:
            await asyncio.to_thread(footprint.note)
        return building.result()
    except BaseException:
        if not building.done():
            footprint.given_up = True
            await asyncio.to_thread(footprint.kill_processes)
            await asyncio.gather(building, return_exceptions=True)
        raise


def may_fork(plan: EnginePlan) -> bool:
    """Whether the engine's processes may be forked from this one, which spares them their imports.

    Only on a CPU. Thread counts are read when torch is imported: a process that is to have others
    than this one cannot be forked from it.
    """
    global _imported_with  # noqa: PLW0603
    if _imported_with is None:
        _imported_with = plan.environment
    return plan.device == "cpu" and plan.environment == _imported_with
