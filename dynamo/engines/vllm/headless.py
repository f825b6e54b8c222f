"""vLLM's engine cores without a front: another process sends them requests (R105)."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import EngineDeadError, EngineInfo
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.footprint import Footprint, temporary_directory
from dynamo.engines.stopwatch import Stopwatch
from dynamo.engines.vllm.kv_events import with_sockets
from dynamo.engines.vllm.log_noise import drop_expected_warnings
from dynamo.engines.vllm.premises import Premises
from dynamo.engines.vllm.process_environment import core_start_method

if TYPE_CHECKING:
    from dynamo.engines.vllm.headless_cores import HeadlessCores


class HeadlessEngine:
    """Data-parallel ranks that wait for their leader, whichever of them starts first."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._premises = Premises(plan)
        self._running: HeadlessCores | None = None

    async def start(self) -> EngineInfo:
        """Import vLLM and start the cores, which load the model once they have met the leader."""
        try:
            return await self._premises.build(self._build)
        except BaseException:
            await self.stop()
            raise

    def _build(self, footprint: Footprint) -> EngineInfo:
        stopwatch = Stopwatch()
        drop_expected_warnings()
        with temporary_directory(footprint.directory):
            from dynamo.engines.vllm.async_llm import engine_config
            from dynamo.engines.vllm.headless_cores import HeadlessCores

            stopwatch.lap("import")
            arguments = with_sockets(self._plan.arguments, footprint.directory)
            config = engine_config(arguments, headless=True)
            stopwatch.lap("configuration")
            if footprint.given_up:
                raise EngineDeadError("the start was cancelled")
            self._running = HeadlessCores(config, core_start_method(self._plan))
        footprint.note()
        stopwatch.lap("engine")
        return self._running.info(stopwatch.seconds)

    async def check_health(self) -> None:
        """Raise EngineDeadError once one of the cores has ended."""
        if self._running is None:
            raise EngineDeadError("the engine is not running")
        self._running.check_health()

    def kv_event_sources(self) -> Sequence[KvEventSource]:
        """Return where each rank of this process publishes its KV events."""
        return self._running.kv_event_sources() if self._running is not None else ()

    async def stop(self) -> None:
        """Stop the cores, then remove what they left and undo the plan's environment."""
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.shut_down)
        await self._premises.leave()
