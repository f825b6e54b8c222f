"""Running engine cores that another process leads. Importing this module imports vLLM."""

from collections.abc import Mapping

import vllm
from vllm.config import VllmConfig
from vllm.utils.network_utils import get_tcp_uri
from vllm.v1.engine.utils import CoreEngineProcManager
from vllm.v1.executor import Executor

from dynamo.engines.base import EngineDeadError, EngineInfo
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.footprint import GRACE_SECONDS
from dynamo.engines.vllm.core_process import engine_core_start_method
from dynamo.engines.vllm.kv_events import event_sources
from dynamo.engines.vllm.profiler import trace_the_core_only
from dynamo.engines.vllm.published_events import counted_events
from dynamo.engines.vllm.ranks import ranks_here


class HeadlessCores:
    """The processes of this process's ranks, from their start on."""

    def __init__(self, config: VllmConfig, start_method: str | None) -> None:
        self._config, parallel = config, config.parallel_config
        self._ranks = ranks_here(config)
        trace_the_core_only(config.profiler_config)
        with engine_core_start_method(start_method):
            self._cores = CoreEngineProcManager(
                local_engine_count=len(self._ranks),
                start_index=self._ranks.start,
                local_start_index=0,
                vllm_config=config,
                local_client=False,
                handshake_address=get_tcp_uri(
                    parallel.data_parallel_master_ip, parallel.data_parallel_rpc_port
                ),
                executor_class=Executor.get_class(config),
                log_stats=True,
            )

    def check_health(self) -> None:
        """Raise EngineDeadError when a core has ended: vLLM takes none in again."""
        ended = self._cores.finished_procs()
        if ended:
            told = ", ".join(f"{name} with status {status}" for name, status in ended.items())
            raise EngineDeadError(f"an engine core ended: {told}")

    def kv_event_sources(self) -> list[KvEventSource]:
        """Return where the ranks publish; a port that the system chooses is told to the leader."""
        return event_sources(counted_events(self._config, self._ranks), None)

    def shut_down(self) -> None:
        """End the cores, a second or two."""
        self._cores.shutdown(timeout=GRACE_SECONDS)

    def info(self, startup_seconds: Mapping[str, float]) -> EngineInfo:
        """Return what is known here; the leader is told how many blocks there are."""
        config = self._config
        return EngineInfo(
            version=vllm.__version__,
            context_length=config.model_config.max_model_len,
            kv_block_size=config.cache_config.block_size,
            total_kv_blocks=0,
            max_num_seqs=config.scheduler_config.max_num_seqs,
            max_num_batched_tokens=config.scheduler_config.max_num_batched_tokens,
            vocab_size=config.model_config.get_vocab_size(),
            data_parallel_start_rank=self._ranks.start,
            data_parallel_size=len(self._ranks),
            startup_seconds=startup_seconds,
        )
