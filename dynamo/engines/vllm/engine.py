"""vLLM's AsyncLLM as an engine: token ids in, token ids out, nothing left behind."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, EngineDeadError, EngineInfo, GenerateRequest
from dynamo.engines.capabilities import Conversation, KvEventSource
from dynamo.engines.footprint import Footprint, temporary_directory
from dynamo.engines.stopwatch import Stopwatch
from dynamo.engines.vllm.hand_over import prefill_params
from dynamo.engines.vllm.kv_events import with_sockets
from dynamo.engines.vllm.log_noise import drop_expected_warnings
from dynamo.engines.vllm.premises import Premises
from dynamo.engines.vllm.process_environment import core_start_method

if TYPE_CHECKING:
    from prometheus_client import Metric

    from dynamo.engines.vllm.async_llm import RunningEngine

LIMITS_FILE = "limits"
METRICS_PREFIXES = ("vllm:", "lmcache:")


class VllmEngine:
    """An engine whose `plan.arguments` are arguments of vLLM's AsyncEngineArgs."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._premises = Premises(plan)
        self._running: RunningEngine | None = None

    async def start(self) -> EngineInfo:
        """Import vLLM, start its engine core and load the model; ten seconds at least.

        The event loop stays free meanwhile. A cancelled start ends once vLLM is imported, at the
        latest, and leaves nothing.
        """
        try:
            return await self._premises.build(self._build)
        except BaseException:
            await self.stop()
            raise

    def _build(self, footprint: Footprint) -> EngineInfo:
        stopwatch = Stopwatch()
        drop_expected_warnings()
        with temporary_directory(footprint.directory):
            from dynamo.engines.vllm.async_llm import RunningEngine, engine_config
            from dynamo.engines.vllm.live_scheduler import adjustable_limits

            stopwatch.lap("import")
            config = engine_config(with_sockets(self._plan.arguments, footprint.directory))
            stopwatch.lap("configuration")
            if footprint.given_up:
                raise EngineDeadError("the start was cancelled")
            limits = adjustable_limits(config, footprint.directory / LIMITS_FILE)
            self._running = RunningEngine(config, core_start_method(self._plan), limits)
        footprint.note()
        stopwatch.lap("engine")
        return self._running.info(stopwatch.seconds)

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream the new tokens of each step; see Engine.generate."""
        return self._started().generate(request)

    async def abort(self, request_id: str) -> None:
        """Free the request's KV blocks; its stream ends as cancelled."""
        await self._started().abort(request_id)

    def prefill_params(self, request_id: str) -> Mapping[str, Any] | None:
        """Return what the connector wants on a request that is only prefilled."""
        return prefill_params(self._plan.arguments.get("kv_transfer_config"), request_id)

    async def check_health(self) -> None:
        """Raise EngineDeadError once vLLM's engine core is gone or has failed."""
        await self._started().check_health()

    async def reset_prefix_cache(self) -> bool:
        """Forget all cached prefixes; false while a request holds blocks."""
        return await self._started().reset_prefix_cache()

    def metric_families(self) -> "Iterable[Metric]":
        """Return what vLLM counts; nothing when its statistics are off (R111)."""
        if self._plan.arguments.get("disable_log_stats"):
            return []
        from dynamo.engines.prometheus import engine_families

        return engine_families(METRICS_PREFIXES)

    def limits(self) -> Mapping[str, int]:
        """Return the scheduler's limits in force; none when the user chose the scheduler."""
        adjustable = self._started().limits
        return adjustable.in_force() if adjustable else {}

    def highest_limits(self) -> Mapping[str, int]:
        """Return how far each limit may go, see AdjustsLimits."""
        adjustable = self._started().limits
        return adjustable.highest if adjustable else {}

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Let the next step run under these limits; requests above a lowered one wait."""
        if adjustable := self._started().limits:
            adjustable.shared.write(limits)

    def kv_event_sources(self) -> Sequence[KvEventSource]:
        """Return where each rank publishes its KV events."""
        return self._started().kv_event_sources()

    def kv_used_blocks(self) -> Mapping[int, int]:
        """Return the KV blocks that requests hold, by data-parallel rank."""
        return self._started().kv_used_blocks()

    async def load_adapter(self, name: str, adapter_id: int, directory: str) -> None:
        """Load a LoRA adapter in PEFT's format. See ServesAdapters."""
        await self._started().adapters.load(name, adapter_id, directory)

    async def unload_adapter(self, name: str) -> None:
        """Remove a LoRA adapter. See ServesAdapters."""
        await self._started().adapters.unload(name)

    async def tokenize(self, text: str) -> Sequence[int]:
        """Return the tokens of a prompt. See ReadsText."""
        return await self._started().text.tokenize(text)

    async def tokenize_chat(self, conversation: Conversation) -> Sequence[int]:
        """Apply the chat template in vLLM's sandbox. See ReadsText."""
        return await self._started().text.tokenize_chat(conversation)

    async def sleep(self, level: int) -> None:
        """Release memory. See Sleeps."""
        await self._started().sleep_mode.sleep(level)

    async def wake_up(self) -> None:
        """Take the memory again. See Sleeps."""
        await self._started().sleep_mode.wake_up()

    async def is_sleeping(self) -> bool:
        """Whether memory is released."""
        return await self._started().sleep_mode.is_sleeping()

    async def start_profile(self) -> None:
        """Trace from now on. See Profiles."""
        await self._started().profiler.start()

    async def stop_profile(self) -> None:
        """Write the trace. See Profiles."""
        await self._started().profiler.stop()

    async def stop(self) -> None:
        """Stop the engine core, then remove what it left and undo the plan's environment."""
        running, self._running = self._running, None
        if running is not None:
            await running.shut_down()
        await self._premises.leave()

    def _started(self) -> "RunningEngine":
        if self._running is None:
            raise EngineDeadError("the engine is not running")
        return self._running
