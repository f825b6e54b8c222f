"""What is logged, in which form, and where traces and metrics are sent."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class LogsConfig:
    """Logs of the runtime and of Dynamo's Python parts, written to standard error. Engines have
    their own switches: `backend.environment.VLLM_LOGGING_LEVEL` for vLLM."""

    level: str | None = setting(None, env=("DYN_LOG",), exported=True)
    """`trace`, `debug`, `info`, `warn` or `error`, or a list such as `info,dynamo_runtime=debug`
    with levels for single targets; unset: `warn`, without the runtime's news of each request.
    `warning` and `critical` are understood and handed on as `warn` and `error`, since the runtime
    takes other words for names of targets and falls silent."""
    config_path: str | None = setting(None, env=("DYN_LOGGING_CONFIG_PATH",), exported=True)
    """TOML file with levels per target; unset: /opt/dynamo/etc/logging.toml, if it exists."""
    console_format: str | None = setting(
        None, env=("DYN_LOGGING_CONSOLE_FORMAT",), choices=("readable", "jsonl"), exported=True
    )
    """Readable lines or one JSON object per line; unset: `readable`, unless `jsonl` is on."""
    jsonl: bool | None = setting(None, env=("DYN_LOGGING_JSONL",), exported=True)
    """Older switch for JSON lines, which also passes trace contexts on; `console_format` wins over
    it; unset: off."""
    disable_ansi: bool | None = setting(None, env=("DYN_SDK_DISABLE_ANSI_LOGGING",), exported=True)
    """Write no colours; unset: colours."""
    local_timezone: bool | None = setting(None, env=("DYN_LOG_USE_LOCAL_TZ",), exported=True)
    """Write local time instead of UTC; unset: UTC."""
    span_events: bool | None = setting(None, env=("DYN_LOGGING_SPAN_EVENTS",), exported=True)
    """Log when spans begin and end: much text, for debugging; unset: off."""
    skip_python_init: bool | None = setting(
        None, env=("DYNAMO_SKIP_PYTHON_LOG_INIT",), exported=True
    )
    """Leave Python's logging alone when the runtime is imported; unset: off."""
    sglang_config_path: str | None = setting(
        None, env=("SGLANG_LOGGING_CONFIG_PATH",), exported=True
    )
    """File with SGLang's own logging configuration."""
    skip_sglang_formatting: bool | None = setting(
        None, env=("DYN_SKIP_SGLANG_LOG_FORMATTING",), exported=True
    )
    """Let SGLang format its logs itself; unset: it writes like the rest."""
