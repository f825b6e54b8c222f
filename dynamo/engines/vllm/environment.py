"""Environment variables that vLLM must find when it is imported (R112)."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, VllmBackend
from dynamo.engines.kvbm import kvbm_environment
from dynamo.engines.vllm import side_channel

GIB = 2**30
LARGEST_DEFAULT_KV_CACHE_GIB = 32


def engine_environment(
    config: Config, machine: Machine, device: str, arguments: Mapping[str, Any]
) -> dict[str, str]:
    """R112: the variables of the plan; those of `backend.environment` win."""
    environment = {"VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
    if device == "cpu":
        environment |= _cpu(machine, arguments)
    else:
        environment["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"
    if arguments.get("enable_lora"):
        environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True"
        environment["VLLM_LORA_MODULES_LOADING_TIMEOUT"] = "600"
    environment |= dict(_side_channel(config)) | kvbm_environment(config)
    return environment | {name: str(value) for name, value in config.backend.environment.items()}


def _cpu(machine: Machine, arguments: Mapping[str, Any]) -> dict[str, str]:
    workers = int(arguments.get("tensor_parallel_size") or 1)
    environment = {
        # The first request with logprobs would otherwise compile for half a minute.
        "TORCH_COMPILE_DISABLE": "1",
        "TORCHDYNAMO_DISABLE": "1",
        # Thread counts are decided here, not by vLLM's binding to cores it believes to be free.
        "OMP_NUM_THREADS": str(max(1, machine.cpu_threads // workers)),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }
    if workers == 1:
        # vLLM would start one more process for a single worker.
        environment["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    if arguments.get("kv_cache_memory_bytes") is None:
        environment["VLLM_CPU_KVCACHE_SPACE"] = str(default_kv_cache_gib(machine.memory_bytes))
    return environment


def default_kv_cache_gib(memory_bytes: int) -> int:
    """Return the size of the KV cache in main memory: a power of two, about a sixth of the memory.

    Steps, so that small changes of the free memory do not change the plan and its key.
    """
    sixth = max(1, memory_bytes // (6 * GIB))
    return min(LARGEST_DEFAULT_KV_CACHE_GIB, 1 << (sixth.bit_length() - 1))


def _side_channel(config: Config) -> Iterator[tuple[str, str]]:
    """R62: only what the user chose; the address is otherwise found when the worker starts."""
    backend = cast(VllmBackend, config.backend)
    if backend.nixl_side_channel_host:
        yield side_channel.VARIABLE, backend.nixl_side_channel_host
    if backend.nixl_side_channel_port:
        yield "VLLM_NIXL_SIDE_CHANNEL_PORT", str(backend.nixl_side_channel_port)
