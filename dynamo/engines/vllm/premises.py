"""What an engine of vLLM takes of this process and leaves again: environment, directory, traces."""

import asyncio
from collections.abc import Callable

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import EngineInfo
from dynamo.engines.footprint import Footprint, set_variables
from dynamo.engines.starting import build_in_thread
from dynamo.engines.vllm.process_environment import set_environment


class Premises:
    """The environment and the footprint of one engine, from its start to its end."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._overridden: dict[str, str | None] = {}
        self._footprint: Footprint | None = None

    async def build(self, build: Callable[[Footprint], EngineInfo]) -> EngineInfo:
        """Set the plan's environment and build in it; see build_in_thread."""
        self._footprint = Footprint()
        self._overridden = set_environment(self._plan, self._footprint.directory)
        return await build_in_thread(build, self._footprint)

    async def leave(self) -> None:
        """Remove what the engine left and undo its environment. Idempotent."""
        footprint, self._footprint = self._footprint, None
        if footprint is not None:
            await asyncio.to_thread(footprint.remove)
        overridden, self._overridden = self._overridden, {}
        set_variables(overridden)
