"""Which data-parallel ranks a configured vLLM runs, and which it sends requests to."""

from vllm.config import VllmConfig


def ranks_here(config: VllmConfig) -> range:
    """Return the ranks whose engine cores are processes of this one."""
    parallel = config.parallel_config
    first = parallel.data_parallel_rank
    return range(first, first + parallel.data_parallel_size_local)


def ranks_fed(config: VllmConfig) -> range:
    """Return the ranks that take requests from this process: those of others too where it leads."""
    parallel = config.parallel_config
    if parallel.data_parallel_external_lb or parallel.data_parallel_hybrid_lb:
        return ranks_here(config)
    return range(parallel.data_parallel_size)
