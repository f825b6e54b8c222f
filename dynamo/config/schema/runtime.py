"""Settings shared by every backend: names, parsers, templates, events, shutdown."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class RuntimeConfig:
    """The distributed runtime as one worker sees it."""

    namespace: str = setting("dynamo", env=("DYN_NAMESPACE",))
    """First part of `namespace.component.endpoint`; separates fleets that share one store (R19)."""
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
    custom_jinja_template: str | None = setting(None, env=("DYN_CUSTOM_JINJA_TEMPLATE",))
    """File with a chat template that replaces the model's own. `$VAR` and `~` are expanded, the
    file must exist (R28 to R30)."""
    durable_kv_events: bool = setting(False, env=("DYN_DURABLE_KV_EVENTS",))
    """Keep KV events in NATS JetStream so that several router replicas agree (R25)."""
    enable_local_indexer: bool | None = setting(None, env=("DYN_LOCAL_INDEXER",))
    """Whether the worker indexes its own KV blocks for the router. Unset: exactly when KV events
    are not durable (R26)."""
    migration_limit: int = setting(0, env=("DYN_MIGRATION_LIMIT",), minimum=0)
    """How often a broken request may move to another worker (R37)."""
    grace_period_seconds: float = setting(
        5.0, env=("DYN_GRACEFUL_SHUTDOWN_GRACE_PERIOD_SECS",), minimum=0
    )
    """Wait between unregistering and shutting down, so that no router still sends requests
    (R117)."""
    dump_config_to: str | None = setting(None, env=("DYN_DUMP_CONFIG_TO",))
    """File that receives the resolved configuration as JSON at start, secrets redacted (R34 to
    R36)."""
    system_host: str = setting("127.0.0.1", env=("DYN_SYSTEM_HOST",))
    """Address of the worker's own status server."""
    system_port: int = setting(-1, env=("DYN_SYSTEM_PORT",), minimum=-1, maximum=32767)
    """Port of the worker's own status server with /health, /live and /metrics; -1 is off, 0 any
    free port."""
