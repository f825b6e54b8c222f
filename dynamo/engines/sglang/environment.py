"""Environment variables that SGLang must find when it is imported."""

from collections.abc import Mapping
from typing import Any, cast

from dynamo.config.schema import Config, SglangBackend

CPU_VARIABLES = {
    # Otherwise rotary embeddings are looked for in vLLM.
    "SGLANG_USE_CPU_ENGINE": "1",
    # Otherwise page sizes above 1 ask for a GPU driver.
    "TRITON_INTERPRET": "1",
    # Some first requests would otherwise wait for a compiler.
    "TORCH_COMPILE_DISABLE": "1",
    "TORCHDYNAMO_DISABLE": "1",
}


def engine_environment(config: Config, device: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of the plan; those of `backend.environment` win."""
    environment = dict(CPU_VARIABLES) if device == "cpu" else {}
    if arguments.get("enable_trace"):
        level = cast(SglangBackend, config.backend).sglang_trace_level
        environment["SGLANG_TRACE_LEVEL"] = str(level)
    return environment | {name: str(value) for name, value in config.backend.environment.items()}
