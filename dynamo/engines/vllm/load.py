"""How full vLLM's KV cache is, as its scheduler says after each step."""

from typing import Any

from vllm.config import VllmConfig
from vllm.v1.metrics.loggers import StatLoggerBase

from dynamo.engines.vllm.ranks import ranks_fed


class LoadBook:
    """KV blocks in use by data-parallel rank; `logger` is what vLLM makes its loggers with."""

    def __init__(self) -> None:
        self.used_blocks: dict[int, int] = {}

    def logger(self, config: VllmConfig, engine_index: int = 0) -> "_LoadLogger":
        """Make the logger of one rank."""
        return _LoadLogger(self, config)


class _LoadLogger(StatLoggerBase):  # type: ignore[misc]
    def __init__(self, book: LoadBook, config: VllmConfig) -> None:
        self._book, self._config = book, config

    def record(
        self, scheduler_stats: Any, *_others: Any, engine_idx: int = 0, **_more: Any
    ) -> None:
        if scheduler_stats is not None:
            # vLLM counts blocks, of all ranks, only once its engine cores have measured the memory.
            total = (self._config.cache_config.num_gpu_blocks or 0) / len(ranks_fed(self._config))
            self._book.used_blocks[engine_idx] = round(scheduler_stats.kv_cache_usage * total)

    def log_engine_initialized(self) -> None:
        """Nothing to say."""
