"""Settings shared by every backend: names, parsers, templates, events, shutdown."""

from dataclasses import dataclass
from typing import Any

from dynamo.config.fields import setting


@dataclass
class RuntimeConfig:
    """The distributed runtime as one worker sees it."""

    namespace: str = setting("dynamo", env=("DYN_NAMESPACE",))
    """First part of `namespace.component.endpoint`; separates fleets that share one store (R19)."""
    namespace_prefix: str | None = setting(None, env=("DYN_NAMESPACE_PREFIX",), exported=True)
    """Beginning of the namespaces whose models the frontend serves; unset: its own namespace."""
    namespace_prefix_strict: bool | None = setting(
        None, env=("DYN_NAMESPACE_PREFIX_STRICT",), exported=True
    )
    """Whether a namespace must continue with `-` after the prefix; unset: off."""
    namespace_worker_suffix: str | None = setting(None, env=("DYN_NAMESPACE_WORKER_SUFFIX",))
    """Appended to this worker's namespace after a `-`, so that two generations of workers can run
    side by side (R19)."""
    stable_routing_id: str | None = setting(None, env=("DYN_STABLE_ROUTING_ID",), exported=True)
    """Name under which routers remember this worker across restarts."""
    self_host_metadata: bool | None = setting(None, env=("DYN_SELF_HOST_METADATA",), exported=True)
    """Whether the worker's status server gives frontends the model's files; unset: no, they read
    them from a directory."""
    endpoint: str | None = setting(None, env=("DYN_ENDPOINT",))
    """Full endpoint name, `dyn://namespace.component.endpoint`; replaces all three derived parts
    (R99)."""
    endpoint_types: list[str] = setting(
        ["chat", "completions"],
        env=("DYN_ENDPOINT_TYPES",),
        choices=("chat", "completions"),
        separator=",",
    )
    """OpenAI endpoints that the frontend offers for this model (R32)."""
    tool_call_parser: str | None = setting(None, env=("DYN_TOOL_CALL_PARSER",))
    """Parser that turns model output into tool calls, such as `hermes` (R27)."""
    reasoning_parser: str | None = setting(None, env=("DYN_REASONING_PARSER",))
    """Parser that separates reasoning from the answer, such as `deepseek_r1` (R27)."""
    default_thinking_mode: str | None = setting(
        None, env=("DYN_DEFAULT_THINKING_MODE",), choices=("enabled", "disabled")
    )
    """Whether to reason when a request does not say; unset: as the chat template does."""
    exclude_tools_when_tool_choice_none: bool = setting(
        True, env=("DYN_EXCLUDE_TOOLS_WHEN_TOOL_CHOICE_NONE",)
    )
    """Leave tools out of the prompt of a request whose `tool_choice` is `none`."""
    structural_tag: dict[str, Any] = setting({}, env=("DYN_STRUCTURAL_TAG",))
    """Guide tool calls by a grammar, such as `{scope: always}`; empty: they are not guided. Keys:
    `scope` (auto, always), `schema` (auto, strict), `reasoning_boundary` (auto, structural_tag,
    backend), `allow_tool_calls_with_structured_output`, `exclude_special_tokens`,
    `tool_arguments_any_order`. The variable holds a JSON object."""
    custom_jinja_template: str | None = setting(None, env=("DYN_CUSTOM_JINJA_TEMPLATE",))
    """File with a chat template that replaces the model's own. `$VAR` and `~` are expanded, the
    file must exist (R28 to R30)."""
    durable_kv_events: bool = setting(False, env=("DYN_DURABLE_KV_EVENTS",))
    """Keep KV events in NATS JetStream so that several router replicas agree (R25)."""
    enable_local_indexer: bool | None = setting(None, env=("DYN_LOCAL_INDEXER",))
    """Whether the worker indexes its own KV blocks for the router. Unset: exactly when KV events
    are not durable (R26)."""
    kv_state_endpoint: str | None = setting(None, env=("DYN_KV_STATE_ENDPOINT",))
    """Endpoint of an agent that keeps this worker's KV events; unset: the worker's own."""
    fpm_trace: bool | None = setting(None, env=("DYN_FPM_TRACE",), exported=True)
    """Trace each forward pass of the engine; unset: off."""
    migration_limit: int = setting(0, env=("DYN_MIGRATION_LIMIT",), minimum=0)
    """How often a broken request may move to another worker (R37)."""
    grace_period_seconds: float = setting(
        5.0, env=("DYN_GRACEFUL_SHUTDOWN_GRACE_PERIOD_SECS",), minimum=0
    )
    """Wait between unregistering and shutting down, so that no router still sends requests
    (R117)."""
    dump_config_to: str | None = setting(None, env=("DYN_DUMP_CONFIG_TO",))
    """File that receives the resolved configuration as JSON at start, secrets redacted; `-` is the
    standard output (R34 to R36)."""
    shutdown_timeout_seconds: int | None = setting(
        None, env=("DYN_WORKER_GRACEFUL_SHUTDOWN_TIMEOUT",), minimum=0, exported=True
    )
    """Seconds for the whole shutdown of the process; unset: 30."""
    drain_timeout_seconds: int | None = setting(
        None, env=("DYN_RUNTIME_GRACEFUL_SHUTDOWN_TIMEOUT_SECS",), minimum=0, exported=True
    )
    """Seconds that requests in flight may take at shutdown."""
    prefill_drain_timeout_seconds: int | None = setting(
        None, env=("DYN_PREFILL_DRAIN_TIMEOUT_S",), minimum=0, exported=True
    )
    """Seconds that a prefill worker waits at shutdown, after its last request, until its KV cache
    was fetched; unset: 2."""
    inhibited_seconds: int | None = setting(
        None, env=("DYN_RUNTIME_INHIBITED_DURATION_SECS",), minimum=0, exported=True
    )
    """Seconds for which a client leaves out a worker after a failed request; 0 is never, unset:
    5."""
    worker_threads: int | None = setting(
        None, env=("DYN_RUNTIME_NUM_WORKER_THREADS",), minimum=1, exported=True
    )
    """Threads of the native runtime; unset: by the number of CPUs."""
    max_blocking_threads: int | None = setting(
        None, env=("DYN_RUNTIME_MAX_BLOCKING_THREADS",), minimum=1, exported=True
    )
    """Further threads of the native runtime for blocking work; unset: by the number of CPUs."""
    system_host: str = setting("127.0.0.1", env=("DYN_SYSTEM_HOST",), exported=True)
    """Address of the worker's own status server."""
    system_port: int = setting(
        -1, env=("DYN_SYSTEM_PORT",), minimum=-1, maximum=32767, exported=True
    )
    """Port of the worker's own status server with /health, /live and /metrics; -1 is off, 0 any
    free port."""
    system_health_path: str | None = setting(None, env=("DYN_SYSTEM_HEALTH_PATH",), exported=True)
    """Path of the readiness probe on the status server; unset: /health."""
    system_live_path: str | None = setting(None, env=("DYN_SYSTEM_LIVE_PATH",), exported=True)
    """Path of the liveness probe on the status server; unset: /live."""
    system_starting_health_status: str | None = setting(
        None,
        env=("DYN_SYSTEM_STARTING_HEALTH_STATUS",),
        choices=("ready", "notready"),
        exported=True,
    )
    """What the readiness probe says until an endpoint is up; unset: `notready`."""
