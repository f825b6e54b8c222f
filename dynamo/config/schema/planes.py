"""Where workers are found and how requests and events travel."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class StoreConfig:
    """The key-value store in which workers and frontends find each other."""

    kind: str = setting(
        "etcd",
        env=("DYN_DISCOVERY_BACKEND", "DYN_STORE_KV"),
        choices=("etcd", "file", "mem", "kubernetes"),
        selects="store",
    )
    """`etcd` for a cluster, `file` for several processes on one machine, `mem` for one process
    (R20, R21)."""
    path: str | None = setting(None, env=("DYN_FILE_KV",))
    """Directory of the `file` store; unset: `dynamo_store_kv` in the temporary directory."""
    etcd_endpoints: list[str] = setting(
        ["http://localhost:2379"], env=("ETCD_ENDPOINTS",), separator=","
    )
    """Addresses of the etcd servers."""
    etcd_username: str | None = setting(None, env=("ETCD_AUTH_USERNAME",))
    """User for etcd authentication."""
    etcd_password: str | None = setting(None, env=("ETCD_AUTH_PASSWORD",), secret=True)
    """Password for etcd authentication."""
    etcd_ca: str | None = setting(None, env=("ETCD_AUTH_CA",))
    """File with the certificate authority that signed etcd's certificate."""
    etcd_client_cert: str | None = setting(None, env=("ETCD_AUTH_CLIENT_CERT",))
    """File with the client certificate shown to etcd."""
    etcd_client_key: str | None = setting(None, env=("ETCD_AUTH_CLIENT_KEY",))
    """File with the key of the client certificate."""
    etcd_lease_ttl: int = setting(10, env=("ETCD_LEASE_TTL",), minimum=1)
    """Seconds after which a silent worker is forgotten."""


@dataclass
class RequestPlaneConfig:
    """The transport of requests from router to worker."""

    kind: str = setting(
        "tcp", env=("DYN_REQUEST_PLANE",), choices=("tcp", "nats", "http"), selects="request_plane"
    )
    """`tcp` for the lowest latency, `nats` or `http` for flexible routing (R22, R179)."""
    tcp_host: str | None = setting(None, env=("DYN_TCP_RPC_HOST",))
    """Address on which the worker listens for requests; unset: the machine's own address."""
    tcp_port: int = setting(0, env=("DYN_TCP_RPC_PORT",), minimum=0, maximum=65535)
    """Port of the request listener; 0 lets the system choose."""
    response_host: str | None = setting(None, env=("DYN_TCP_RESPONSE_STREAM_HOST",))
    """Address on which the frontend listens for token streams; unset: the machine's own."""
    http_host: str | None = setting(None, env=("DYN_HTTP_RPC_HOST",))
    """Address of the http request plane; unset: the machine's own address."""
    http_port: int = setting(8888, env=("DYN_HTTP_RPC_PORT",), minimum=0, maximum=65535)
    """Port of the http request plane."""
    http_root_path: str = setting("/v1/rpc", env=("DYN_HTTP_RPC_ROOT_PATH",))
    """Path below which the http request plane serves its endpoints."""


@dataclass
class EventPlaneConfig:
    """The channel for KV events and worker metrics."""

    kind: str = setting(
        "nats", env=("DYN_EVENT_PLANE",), choices=("nats", "zmq"), selects="event_plane"
    )
    """`nats` for throughput across machines, `zmq` for low latency without a server (R23,
    R180)."""
    host: str | None = setting(None, env=("DYN_EVENT_PLANE_HOST",))
    """Address that the zmq event plane announces; unset: the machine's own address."""
    zmq_broker_url: str | None = setting(None, env=("DYN_ZMQ_BROKER_URL",))
    """Broker for zmq events, `xsub=tcp://host:port , xpub=tcp://host:port`; unset: peer to
    peer."""


@dataclass
class NatsConfig:
    """The NATS server; used only when a plane needs it (R24)."""

    server: str = setting("nats://localhost:4222", env=("NATS_SERVER",))
    """Address of the NATS server."""
    username: str | None = setting(None, env=("NATS_AUTH_USERNAME",))
    """User for NATS authentication."""
    password: str | None = setting(None, env=("NATS_AUTH_PASSWORD",), secret=True)
    """Password for NATS authentication."""
    token: str | None = setting(None, env=("NATS_AUTH_TOKEN",), secret=True)
    """Token for NATS authentication."""
    nkey: str | None = setting(None, env=("NATS_AUTH_NKEY",), secret=True)
    """Key seed for NATS authentication."""
    credentials_file: str | None = setting(None, env=("NATS_AUTH_CREDENTIALS_FILE",))
    """File with NATS user credentials."""
