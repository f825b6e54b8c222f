"""How requests reach a worker and how its answers travel back."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class RequestPlaneConfig:
    """The transport of requests from router to worker, and of token streams back. The runtime reads
    it once at its start (R173, R174). Numbers that it cannot read are errors here; the runtime
    itself would silently use its default. What is unset is left to the runtime."""

    kind: str = setting(
        "tcp", env=("DYN_REQUEST_PLANE",), choices=("tcp", "nats", "http"), selects="request_plane"
    )
    """`tcp` for the lowest latency, `nats` or `http` for flexible routing (R22, R179)."""
    codec: str | None = setting(
        None, env=("DYN_REQUEST_PLANE_CODEC",), choices=("msgpack", "json"), exported=True
    )
    """How request bodies are written; unset: `msgpack`."""
    token_ids_as_bytes: bool | None = setting(None, env=("DYN_TOKEN_IDS_AS_BYTES",), exported=True)
    """Send prompt token ids as one packed buffer instead of a list of numbers; unset: off."""

    tcp_host: str | None = setting(None, env=("DYN_TCP_RPC_HOST",), exported=True)
    """Address on which the worker listens for requests; unset: the machine's own address."""
    tcp_port: int = setting(0, env=("DYN_TCP_RPC_PORT",), minimum=0, maximum=65535, exported=True)
    """Port of the request listener; 0 lets the system choose."""
    tcp_listen_backlog: int | None = setting(
        None, env=("DYN_TCP_LISTEN_BACKLOG",), minimum=1, exported=True
    )
    """Connections that may wait to be accepted by the request listener."""
    tcp_worker_pool_size: int | None = setting(
        None, env=("DYN_TCP_WORKER_POOL_SIZE",), minimum=1, exported=True
    )
    """Requests that one process handles at once, over all its endpoints."""
    tcp_work_queue_size: int | None = setting(
        None, env=("DYN_TCP_WORK_QUEUE_SIZE",), minimum=1, exported=True
    )
    """Requests that may wait for the worker pool; beyond that they are rejected."""
    tcp_pool_size: int | None = setting(None, env=("DYN_TCP_POOL_SIZE",), minimum=1, exported=True)
    """Connections that a client keeps to one host; unset: 50."""
    tcp_connect_timeout_seconds: int | None = setting(
        None, env=("DYN_TCP_CONNECT_TIMEOUT",), minimum=1, exported=True
    )
    """Longest wait for a connection, in seconds; unset: 3."""
    tcp_request_timeout_seconds: int | None = setting(
        None, env=("DYN_TCP_REQUEST_TIMEOUT",), minimum=1, exported=True
    )
    """Longest wait for a worker to accept a request, in seconds; unset: 10."""
    tcp_channel_buffer: int | None = setting(
        None, env=("DYN_TCP_CHANNEL_BUFFER",), minimum=1, exported=True
    )
    """Requests that may wait for one connection; unset: 100."""
    tcp_global_connect_limit: int | None = setting(
        None, env=("DYN_TCP_GLOBAL_CONNECT_LIMIT",), minimum=1, exported=True
    )
    """Connections that a client opens at the same time, over all hosts."""
    tcp_host_idle_ttl_seconds: int | None = setting(
        None, env=("DYN_TCP_HOST_IDLE_TTL_SECS",), minimum=0, exported=True
    )
    """Seconds after which the connections to an unused host are closed."""
    tcp_max_message_bytes: int | None = setting(
        None, env=("DYN_TCP_MAX_MESSAGE_SIZE",), minimum=1, exported=True
    )
    """Largest request in bytes; unset: 32 MiB. Raise it for images inside requests."""
    tcp_shrink_message_bytes: int | None = setting(
        None, env=("DYN_TCP_SHRINK_MESSAGE_SIZE",), minimum=1, exported=True
    )
    """Size in bytes above which an empty receive buffer is given back; unset: 8 MiB."""
    tcp_latency_trace: bool | None = setting(None, env=("DYN_TCP_LATENCY_TRACE",), exported=True)
    """Log where the time of each request went; unset: off."""

    response_plane: str | None = setting(
        None, env=("DYN_RESPONSE_PLANE",), choices=("tcp", "quic"), exported=True
    )
    """Transport of token streams from worker to frontend; unset: `tcp`. All processes of a
    deployment must agree."""
    response_host: str | None = setting(None, env=("DYN_TCP_RESPONSE_STREAM_HOST",), exported=True)
    """Address on which the frontend listens for token streams; unset: the machine's own."""
    response_port: int | None = setting(
        None, env=("DYN_TCP_RESPONSE_STREAM_PORT",), minimum=0, maximum=65535, exported=True
    )
    """Port of the token stream listener; unset or 0: chosen by the system."""
    quic_batch_interval_us: int | None = setting(
        None, env=("DYN_QUIC_RESPONSE_BATCH_INTERVAL_US",), minimum=0, exported=True
    )
    """Microseconds for which the quic response plane gathers tokens; unset: 5000. The first token
    is never held back."""
    quic_buffer_capacity: int | None = setting(
        None, env=("DYN_QUIC_RESPONSE_BUFFER_CAPACITY",), minimum=1, maximum=65536, exported=True
    )
    """Frames per response that the frontend buffers on the quic response plane; unset: 16384."""

    http_host: str | None = setting(None, env=("DYN_HTTP_RPC_HOST",))
    """Address of the http request plane; unset: the machine's own address."""
    http_port: int = setting(8888, env=("DYN_HTTP_RPC_PORT",), minimum=0, maximum=65535)
    """Port of the http request plane; 0 lets the system choose."""
    http_root_path: str = setting("/v1/rpc", env=("DYN_HTTP_RPC_ROOT_PATH",))
    """Path below which the http request plane serves its endpoints."""
    http_max_requests: int = setting(1024, env=("DYN_HTTP_RPC_MAX_REQUESTS",), minimum=1)
    """Requests that one process takes at once over the http request plane; more are answered with
    503, and their sender tries another worker."""
    http_max_message_bytes: int = setting(
        32 << 20, env=("DYN_HTTP_RPC_MAX_MESSAGE_SIZE",), minimum=1
    )
    """Largest request in bytes over the http request plane; a larger one is answered with 413."""

    engine_request_limit: int | None = setting(
        None, env=("DYN_ENGINE_REQUEST_LIMIT",), minimum=1, exported=True
    )
    """Requests that the runtime admits to the engine at once; unset: no limit before the engine's
    own."""
    request_queue_limit: int | None = setting(
        None, env=("DYN_DYNAMO_REQUEST_QUEUE_LIMIT",), minimum=0, exported=True
    )
    """Requests that may wait for admission to the engine; unset: 16."""

    tls_cert_path: str | None = setting(None, env=("DYN_TCP_TLS_CERT_PATH",), exported=True)
    """PEM certificate of the request listener; with its key it turns TLS on."""
    tls_key_path: str | None = setting(None, env=("DYN_TCP_TLS_KEY_PATH",), exported=True)
    """PEM key of the request listener's certificate."""
    tls_ca_cert_path: str | None = setting(None, env=("DYN_TCP_TLS_CA_CERT_PATH",), exported=True)
    """PEM certificate authority with which a client checks a worker's certificate; a certificate
    that signed itself is not accepted as its own authority."""
    tls_insecure: bool | None = setting(None, env=("DYN_TCP_TLS_INSECURE",), exported=True)
    """Let clients accept any certificate: for development only; unset: off."""
    tls_server_name: str | None = setting(None, env=("DYN_TCP_TLS_SERVER_NAME",), exported=True)
    """Name that clients expect in a worker's certificate; unset: the host of its address."""
    tls_handshake_timeout_seconds: float | None = setting(
        None, env=("DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS",), above=0, exported=True
    )
    """Longest TLS handshake in seconds; unset: 3."""
    tls_client_cert_path: str | None = setting(
        None, env=("DYN_TCP_TLS_CLIENT_CERT_PATH",), exported=True
    )
    """PEM certificate that clients show to a worker (mutual TLS)."""
    tls_client_key_path: str | None = setting(
        None, env=("DYN_TCP_TLS_CLIENT_KEY_PATH",), exported=True
    )
    """PEM key of the clients' certificate."""
    tls_client_ca_cert_path: str | None = setting(
        None, env=("DYN_TCP_TLS_CLIENT_CA_CERT_PATH",), exported=True
    )
    """PEM certificate authority with which a worker checks its clients; set, clients without a
    certificate are turned away."""
