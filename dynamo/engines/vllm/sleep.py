"""vLLM's sleep mode: memory given back and taken again (R113)."""

from vllm.v1.engine.async_llm import AsyncLLM

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.vllm.errors import translated_errors

DEEPEST = 2
"""vLLM's own levels: 1 moves the weights to main memory, 2 keeps nothing."""


class SleepMode:
    """The memory of one engine."""

    def __init__(self, llm: AsyncLLM, enabled: bool) -> None:
        self._llm = llm
        self._enabled = enabled
        self._level = 0

    async def sleep(self, level: int) -> None:
        """Release memory; requests have ended before.

        Raises:
            InvalidRequestError: the engine was started without `enable_sleep_mode`.
        """
        if not self._enabled:
            raise InvalidRequestError("sleeping needs backend.engine.enable_sleep_mode=true")
        with translated_errors():
            await self._llm.sleep(min(level, DEEPEST))
        self._level = level

    async def wake_up(self) -> None:
        """Take the memory again; weights that were dropped are read from the model's files."""
        with translated_errors():
            if self._level < DEEPEST:
                await self._llm.wake_up()
                return
            await self._llm.wake_up(tags=["weights"])
            await self._llm.collective_rpc("reload_weights")
            await self._llm.wake_up(tags=["kv_cache"])

    async def is_sleeping(self) -> bool:
        """Whether memory is released."""
        return bool(await self._llm.is_sleeping())
