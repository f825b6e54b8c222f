"""vLLM's profiler, chosen by its argument `profiler_config`."""

from vllm.config import ProfilerConfig
from vllm.v1.engine.async_llm import AsyncLLM

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.vllm.errors import translated_errors


def trace_the_core_only(config: ProfilerConfig) -> None:
    """Leave this process out of traces.

    vLLM starts and stops PyTorch's profiler for it in threads of a pool, now the same, now another:
    another one crashes the process.
    """
    config.ignore_frontend = True


class Profiler:
    """Traces the engine's steps, on demand."""

    def __init__(self, llm: AsyncLLM, config: ProfilerConfig) -> None:
        self._llm = llm
        self._chosen = config.profiler is not None

    async def start(self) -> None:
        """Trace from now on.

        Raises:
            InvalidRequestError: no profiler is chosen, or it runs already.
        """
        self._check()
        with translated_errors():
            await self._llm.start_profile()

    async def stop(self) -> None:
        """Stop, and write the trace where the configuration says."""
        self._check()
        with translated_errors():
            await self._llm.stop_profile()

    def _check(self) -> None:
        if not self._chosen:
            raise InvalidRequestError(
                "profiling needs backend.engine.profiler_config, such as "
                "{profiler: torch, torch_profiler_dir: /tmp/traces}"
            )
