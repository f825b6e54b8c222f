"""TensorRT-LLM's log level from Dynamo's (R158 to R161)."""

from dynamo.config.schema import TrtllmBackend

VARIABLE = "TLLM_LOG_LEVEL"
LEVELS = {
    "trace": "TRACE",
    "debug": "DEBUG",
    "info": "INFO",
    "warn": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "critical": "ERROR",
}


def log_level_environment(backend: TrtllmBackend, dynamo_level: str | None) -> dict[str, str]:
    """R158 to R160: return TLLM_LOG_LEVEL for the engine's process, which reads it on import.

    A level that the user set is kept as it is, and none is set where the mapping is switched off.
    An empty variable counts as unset, as everywhere here.
    The documents and Dynamo 0.9.1 map the level; 1.0.2 and 1.6.1 no longer do.
    """
    if backend.log_level is not None:
        return {VARIABLE: backend.log_level}
    return {} if backend.skip_log_mapping else {VARIABLE: tllm_level(dynamo_level)}


def tllm_level(dynamo_level: str | None) -> str:
    """R158, R161: map the part before the first comma, in any case; a word unknown is INFO."""
    first = (dynamo_level or "info").split(",")[0].strip().lower()
    return LEVELS.get(first, "INFO")
