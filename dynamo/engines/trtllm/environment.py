"""Environment variables that TensorRT-LLM must find when it is imported."""

from collections.abc import Mapping
from typing import Any, cast

from dynamo.config.schema import Config, TrtllmBackend
from dynamo.engines.kvbm import kvbm_environment
from dynamo.engines.trtllm.log_level import log_level_environment


def engine_environment(config: Config, arguments: Mapping[str, Any]) -> dict[str, str]:
    """R158: the variables of the plan; those of `backend.environment` win."""
    backend = cast(TrtllmBackend, config.backend)
    # Block hashes must be the same in every process that talks about them.
    environment = {"PYTHONHASHSEED": "0"}
    environment |= log_level_environment(backend, config.logs.level)
    if (arguments.get("kv_cache_config") or {}).get("kv_events_config"):
        # Only this cache manager publishes events by itself.
        environment["TLLM_KV_CACHE_MANAGER_V2_BACKEND"] = "python"
    environment |= kvbm_environment(config)
    return environment | {name: str(value) for name, value in backend.environment.items()}
