"""SGLang's engine behind the engine protocol: token ids in, token ids out, nothing left behind."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import Chunk, EngineDeadError, EngineInfo, GenerateRequest
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.footprint import Footprint, set_variables, temporary_directory
from dynamo.engines.metrics_directory import VARIABLE as METRICS_DIRECTORY
from dynamo.engines.metrics_directory import prepare_directory
from dynamo.engines.sglang.kv_events import kv_event_sources
from dynamo.engines.sglang.log_noise import drop_expected_output
from dynamo.engines.starting import build_in_thread, may_fork
from dynamo.engines.stopwatch import Stopwatch

if TYPE_CHECKING:
    from prometheus_client import Metric

    from dynamo.engines.sglang.running import RunningEngine

METRICS_PREFIXES = ("sglang:",)


class SglangEngine:
    """An engine whose `plan.arguments` are arguments of SGLang's ServerArgs."""

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._overridden: dict[str, str | None] = {}
        self._quit_handler: Any = None
        self._footprint: Footprint | None = None
        self._running: RunningEngine | None = None
        self._info: EngineInfo | None = None

    async def start(self) -> EngineInfo:
        """Import SGLang, start its scheduler and load the model; half a minute on a CPU.

        The event loop stays free meanwhile. A cancelled start ends once SGLang is imported, at the
        latest, and leaves nothing.
        """
        self._footprint = Footprint()
        self._set_environment(self._footprint.directory)
        self._take_quit_signal()
        try:
            seconds = await build_in_thread(self._build, self._footprint)
            self._info = await self._attached(seconds)
        except BaseException:
            await self.stop()
            raise
        return self._info

    def _set_environment(self, directory: Path) -> None:
        names = {*self._plan.environment, METRICS_DIRECTORY}
        self._overridden = {name: os.environ.get(name) for name in names}
        os.environ.update(self._plan.environment)
        if self._counts():
            prepare_directory(os.environ, directory / "metrics")

    def _counts(self) -> bool:
        return bool(self._plan.arguments.get("enable_metrics"))

    def _build(self, footprint: Footprint) -> Mapping[str, float]:
        stopwatch = Stopwatch()
        drop_expected_output()
        with temporary_directory(footprint.directory):
            from dynamo.engines.sglang.running import RunningEngine

            stopwatch.lap("import")
            if footprint.given_up:
                raise EngineDeadError("the start was cancelled")
            self._running = RunningEngine(self._plan.arguments, self._start_method())
        footprint.note()
        stopwatch.lap("engine")
        return stopwatch.seconds

    def _start_method(self) -> str | None:
        """Return None on a GPU, which leaves the choice to SGLang."""
        if self._plan.device != "cpu":
            return None
        return "fork" if may_fork(self._plan) else "spawn"

    async def _attached(self, seconds: Mapping[str, float]) -> EngineInfo:
        running = self._started()
        running.attach()
        return await running.info(seconds)

    def _take_quit_signal(self) -> None:
        """A scheduler that fails sends its parent SIGQUIT, which would end the whole process.

        Python lets only the main thread take signals.
        """
        if threading.current_thread() is threading.main_thread():
            self._quit_handler = signal.signal(signal.SIGQUIT, self._scheduler_failed)

    def _scheduler_failed(self, _number: int, _frame: FrameType | None) -> None:
        if self._running is not None:
            self._running.report_failure("its scheduler failed, as its log says")

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Stream the new tokens of each step; see Engine.generate."""
        return self._started().generate(request)

    async def abort(self, request_id: str) -> None:
        """Free what a request holds; its stream ends as cancelled."""
        self._started().abort(request_id)

    async def check_health(self) -> None:
        """Raise EngineDeadError once a process of SGLang is gone or has failed."""
        self._started().check_health()

    async def reset_prefix_cache(self) -> bool:
        """Forget all cached prefixes; false while a request is in flight."""
        return await self._started().reset_prefix_cache()

    def metric_families(self) -> "Iterable[Metric]":
        """Return what SGLang's processes count; nothing without `enable_metrics` (R111)."""
        if not self._counts():
            return []
        from dynamo.engines.prometheus import engine_families

        return engine_families(METRICS_PREFIXES)

    def kv_event_sources(self) -> Sequence[KvEventSource]:
        """Return where each data-parallel rank publishes its events (R80)."""
        ranks = self._info.data_parallel_size if self._info else 1
        return kv_event_sources(self._plan.arguments.get("kv_events_config"), ranks)

    async def stop(self) -> None:
        """End SGLang's processes, then remove what they left and undo the plan's environment."""
        running, self._running = self._running, None
        footprint, self._footprint = self._footprint, None
        if running is not None:
            await running.shut_down()
        if footprint is not None:
            # SGLang's processes hold nothing that is worth a farewell.
            await asyncio.to_thread(footprint.kill_processes)
            await asyncio.to_thread(footprint.remove)
        overridden, self._overridden = self._overridden, {}
        set_variables(overridden)
        handler, self._quit_handler = self._quit_handler, None
        if handler is not None:
            with suppress(ValueError):  # another thread may not
                signal.signal(signal.SIGQUIT, handler)

    def _started(self) -> "RunningEngine":
        if self._running is None:
            raise EngineDeadError("the engine is not running")
        return self._running
