"""OpenTelemetry: traces, logs and metrics sent to a collector."""

from dataclasses import dataclass

from dynamo.config.fields import setting

PROTOCOLS = ("grpc", "http/protobuf")
COMPRESSIONS = ("gzip", "none")


@dataclass
class TelemetryConfig:
    """Export over OTLP. A setting that begins with the name of a signal replaces the general one
    for that signal. Variables and meanings are those of the OpenTelemetry specification."""

    export_enabled: bool | None = setting(None, env=("OTEL_EXPORT_ENABLED",), exported=True)
    """Send traces and logs; unset: no."""
    metrics_exporter: str | None = setting(
        None, env=("OTEL_METRICS_EXPORTER",), choices=("otlp", "none"), exported=True
    )
    """Send metrics too; unset: no. Scraping /metrics works either way."""
    metric_export_interval_ms: int | None = setting(
        None, env=("OTEL_METRIC_EXPORT_INTERVAL",), minimum=1, exported=True
    )
    """Milliseconds between two exports of metrics; unset: 60000."""
    service_name: str | None = setting(None, env=("OTEL_SERVICE_NAME",), exported=True)
    """Name of this process in traces; unset: `dynamo`."""
    resource_attributes: str | None = setting(
        None, env=("OTEL_RESOURCE_ATTRIBUTES",), exported=True
    )
    """Attributes of everything sent, as `key=value` separated by commas."""
    traces_sample_ratio: float | None = setting(
        None, env=("OTEL_TRACES_SAMPLE_RATIO",), minimum=0, maximum=1, exported=True
    )
    """Share of requests that are traced, from 0 to 1; unset: all."""

    endpoint: str | None = setting(None, env=("OTEL_EXPORTER_OTLP_ENDPOINT",), exported=True)
    """URL of the collector; unset: http://localhost:4317."""
    protocol: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_PROTOCOL",), choices=PROTOCOLS, exported=True
    )
    """How to speak to the collector; unset: `grpc`."""
    headers: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_HEADERS",), secret=True, exported=True
    )
    """Headers of every export, as `key=value` separated by commas; they may hold a token."""
    timeout_ms: int | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TIMEOUT",), minimum=1, exported=True
    )
    """Longest export in milliseconds; unset: 10000."""
    compression: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_COMPRESSION",), choices=COMPRESSIONS, exported=True
    )
    """Compression of exports; unset: none."""

    traces_endpoint: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",), exported=True
    )
    """URL to which traces are sent, taken as it is."""
    traces_protocol: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",), choices=PROTOCOLS, exported=True
    )
    """How traces are sent."""
    traces_headers: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TRACES_HEADERS",), secret=True, exported=True
    )
    """Headers sent with traces instead of the general ones."""
    traces_timeout_ms: int | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",), minimum=1, exported=True
    )
    """Longest export of traces in milliseconds."""
    traces_compression: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",), choices=COMPRESSIONS, exported=True
    )
    """Compression of traces."""

    logs_endpoint: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",), exported=True
    )
    """URL to which logs are sent, taken as it is."""
    logs_protocol: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",), choices=PROTOCOLS, exported=True
    )
    """How logs are sent."""
    logs_headers: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_LOGS_HEADERS",), secret=True, exported=True
    )
    """Headers sent with logs instead of the general ones."""
    logs_timeout_ms: int | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",), minimum=1, exported=True
    )
    """Longest export of logs in milliseconds."""
    logs_compression: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",), choices=COMPRESSIONS, exported=True
    )
    """Compression of logs."""

    metrics_endpoint: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",), exported=True
    )
    """URL to which metrics are sent, taken as it is."""
    metrics_protocol: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",), choices=PROTOCOLS, exported=True
    )
    """How metrics are sent."""
    metrics_headers: str | None = setting(
        None, env=("OTEL_EXPORTER_OTLP_METRICS_HEADERS",), secret=True, exported=True
    )
    """Headers sent with metrics instead of the general ones."""

    traces_batch_max_queue_size: int | None = setting(
        None, env=("OTEL_BSP_MAX_QUEUE_SIZE",), minimum=1, exported=True
    )
    """Spans that may wait to be sent; unset: 2048."""
    traces_batch_max_export_size: int | None = setting(
        None, env=("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",), minimum=1, exported=True
    )
    """Spans sent together at most; unset: 512."""
    traces_batch_delay_ms: int | None = setting(
        None, env=("OTEL_BSP_SCHEDULE_DELAY",), minimum=1, exported=True
    )
    """Milliseconds between two exports of traces; unset: 5000."""
    traces_batch_export_timeout_ms: int | None = setting(
        None, env=("OTEL_BSP_EXPORT_TIMEOUT",), minimum=1, exported=True
    )
    """Longest export of one batch of spans in milliseconds; unset: 30000."""
    traces_batch_max_concurrent_exports: int | None = setting(
        None, env=("OTEL_BSP_MAX_CONCURRENT_EXPORTS",), minimum=1, exported=True
    )
    """Batches of spans sent at the same time; unset: 1."""

    logs_batch_max_queue_size: int | None = setting(
        None, env=("OTEL_BLRP_MAX_QUEUE_SIZE",), minimum=1, exported=True
    )
    """Log records that may wait to be sent; unset: 2048."""
    logs_batch_max_export_size: int | None = setting(
        None, env=("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",), minimum=1, exported=True
    )
    """Log records sent together at most; unset: 512."""
    logs_batch_delay_ms: int | None = setting(
        None, env=("OTEL_BLRP_SCHEDULE_DELAY",), minimum=1, exported=True
    )
    """Milliseconds between two exports of logs; unset: 1000."""
