"""vLLM's schedulers with limits that can change while they run. Importing this imports vLLM.

vLLM says of `scheduler_cls` that it is no stable interface: what is used of it here was read and
run with 0.26.0 and 0.32.0, and tests/e2e drives it step by step.
"""

import time
from pathlib import Path
from typing import Any

from vllm.config import VllmConfig
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.output import SchedulerOutput
from vllm.v1.core.sched.scheduler import Scheduler

from dynamo.engines.vllm.live_limits import CONFIG_KEY, NAMES, AdjustableLimits, LiveLimits


def adjustable_limits(config: VllmConfig, path: Path) -> AdjustableLimits | None:
    """Let the engine of this configuration read its limits from a file, which is made.

    None when the user chose a scheduler: it is kept, and its limits need a restart.
    """
    scheduler = config.scheduler_config
    if scheduler.scheduler_cls is not None or not isinstance(config.additional_config, dict):
        return None
    kind = AdjustableAsyncScheduler if scheduler.async_scheduling else AdjustableScheduler
    scheduler.scheduler_cls = kind
    config.additional_config = {**config.additional_config, CONFIG_KEY: str(path)}
    shared = LiveLimits.create(path, started_limits(config))
    return AdjustableLimits(shared, highest_limits(config))


def started_limits(config: VllmConfig) -> dict[str, int]:
    """Return the limits of a configuration by vLLM's names for them."""
    scheduler = config.scheduler_config
    return {name: int(getattr(scheduler, name)) for name in NAMES}


def highest_limits(config: VllmConfig) -> dict[str, int]:
    """Return how far each limit may go; a limit that cannot change safely is left out.

    Memory was reserved for the values of the start. Without chunked prefill a prompt longer than
    the token budget would wait forever.
    """
    highest = started_limits(config)
    highest["long_prefill_token_threshold"] = config.model_config.max_model_len
    if not config.scheduler_config.enable_chunked_prefill:
        del highest["max_num_batched_tokens"], highest["long_prefill_token_threshold"]
    return highest


class _AdjustsLimits(Scheduler):  # type: ignore[misc] # types of vLLM are not followed
    """Runs each step under the limits of that moment."""

    def __init__(self, vllm_config: VllmConfig, *args: Any, **more: Any) -> None:
        super().__init__(vllm_config, *args, **more)
        self._limits = LiveLimits(Path(vllm_config.additional_config[CONFIG_KEY]))
        # Until 0.26 one attribute was both the number of slots and the limit of admission.
        separate = hasattr(self, "max_num_active_reqs")
        self._admission = "max_num_active_reqs" if separate else "max_num_running_reqs"
        self._most_running = getattr(self, self._admission)
        self._most_tokens: int = self.max_num_scheduled_tokens

    def schedule(self, *args: Any, **more: Any) -> SchedulerOutput:
        """Take the limits over, then run vLLM's own step."""
        max_num_seqs, max_tokens, long_prefill = self._limits.values()
        self._limit_running(min(max_num_seqs, self._most_running))
        self.max_num_scheduled_tokens: int = min(max_tokens, self._most_tokens)
        self.scheduler_config.long_prefill_token_threshold = long_prefill
        return super().schedule(*args, **more)

    def _limit_running(self, most: int) -> None:
        # Requests above the limit go back to the queue and are computed again later: their answers
        # do not change. With a KV connector their blocks may be promised elsewhere: they finish.
        while len(self.running) > most and self.connector is None:
            self._preempt_request(self.running.pop(), time.monotonic())
        setattr(self, self._admission, max(most, len(self.running)))


class AdjustableScheduler(_AdjustsLimits):
    """For engines that schedule a step when the last one has ended."""


class AdjustableAsyncScheduler(_AdjustsLimits, AsyncScheduler):  # type: ignore[misc]
    """For engines that schedule a step while the last one still runs."""
