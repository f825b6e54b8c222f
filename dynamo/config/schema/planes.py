"""Where workers are found, how events travel, and the servers that both may need."""

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
    path: str | None = setting(None, env=("DYN_FILE_KV",), exported=True)
    """Directory of the `file` store; unset: `dynamo_store_kv` in the temporary directory."""
    etcd_endpoints: list[str] = setting(
        ["http://localhost:2379"], env=("ETCD_ENDPOINTS",), separator=",", exported=True
    )
    """Addresses of the etcd servers."""
    etcd_username: str | None = setting(None, env=("ETCD_AUTH_USERNAME",), exported=True)
    """User for etcd authentication."""
    etcd_password: str | None = setting(
        None, env=("ETCD_AUTH_PASSWORD",), secret=True, exported=True
    )
    """Password for etcd authentication."""
    etcd_ca: str | None = setting(None, env=("ETCD_AUTH_CA",), exported=True)
    """File with the certificate authority that signed etcd's certificate. TLS with etcd needs this
    and both client files; the variables may hold the PEM text instead of a file's name."""
    etcd_client_cert: str | None = setting(None, env=("ETCD_AUTH_CLIENT_CERT",), exported=True)
    """File with the client certificate shown to etcd."""
    etcd_client_key: str | None = setting(None, env=("ETCD_AUTH_CLIENT_KEY",), exported=True)
    """File with the key of the client certificate."""
    etcd_lease_ttl: int = setting(10, env=("ETCD_LEASE_TTL",), minimum=1, exported=True)
    """Seconds after which a silent worker is forgotten."""
    etcd_keepalive_interval_seconds: int | None = setting(
        None, env=("ETCD_KEEPALIVE_INTERVAL_SECONDS",), minimum=1, exported=True
    )
    """Seconds between signs of life on the connection to etcd."""
    etcd_keepalive_timeout_seconds: int | None = setting(
        None, env=("ETCD_KEEPALIVE_TIMEOUT_SECONDS",), minimum=1, exported=True
    )
    """Seconds without an answer after which the connection to etcd counts as lost."""
    etcd_startup_timeout_seconds: int | None = setting(
        None, env=("ETCD_STARTUP_CONNECT_TIMEOUT_SECONDS",), minimum=1, exported=True
    )
    """Longest wait for etcd at the start, in seconds; unset: 120."""
    kubernetes_mode: str | None = setting(
        None, env=("DYN_KUBE_DISCOVERY_MODE",), choices=("pod", "container"), exported=True
    )
    """Whether each pod registers, or each container of a pod; unset: `pod`."""
    pod_name: str | None = setting(None, env=("POD_NAME",), exported=True)
    """Name of this pod, from the downward API; the `kubernetes` store needs it."""
    pod_namespace: str | None = setting(None, env=("POD_NAMESPACE",), exported=True)
    """Kubernetes namespace of this pod, from the downward API."""
    pod_uid: str | None = setting(None, env=("POD_UID",), exported=True)
    """Unique id of this pod, from the downward API."""
    container_name: str | None = setting(None, env=("CONTAINER_NAME",), exported=True)
    """Name of this container; needed where `kubernetes_mode` is `container`."""


@dataclass
class EventPlaneConfig:
    """The channel for KV events and worker metrics."""

    kind: str = setting(
        "nats",
        env=("DYN_EVENT_PLANE",),
        choices=("nats", "zmq"),
        selects="event_plane",
        exported=True,
    )
    """`nats` for throughput across machines, `zmq` for low latency without a server (R23,
    R180)."""
    host: str | None = setting(None, env=("DYN_EVENT_PLANE_HOST",), exported=True)
    """Address that the zmq event plane announces; unset: the machine's own address."""
    zmq_broker_url: str | None = setting(None, env=("DYN_ZMQ_BROKER_URL",), exported=True)
    """Broker for zmq events, `xsub=tcp://host:port , xpub=tcp://host:port`; unset: peer to
    peer."""
    zmq_broker_enabled: bool | None = setting(None, env=("DYN_ZMQ_BROKER_ENABLED",), exported=True)
    """Find a broker for zmq events in the store; unset: off. A broker URL wins over it."""
    zmq_io_threads: int | None = setting(
        None, env=("DYN_ZMQ_IO_THREADS",), minimum=1, exported=True
    )
    """Threads that move zmq events; unset: 4."""
    zmq_subscriber_capacity: int | None = setting(
        None, env=("DYN_ZMQ_EVENT_SUBSCRIBER_CHANNEL_CAPACITY",), minimum=1, exported=True
    )
    """Events that a zmq subscriber buffers before it drops new ones; unset: 100000."""
    codec: str | None = setting(
        None, env=("DYN_EVENT_PLANE_CODEC",), choices=("msgpack", "json"), exported=True
    )
    """How events are written; unset: `msgpack`."""


@dataclass
class NatsConfig:
    """The NATS server; used only when a plane needs it, or durable KV events do (R24)."""

    server: str = setting("nats://localhost:4222", env=("NATS_SERVER",), exported=True)
    """Address of the NATS server."""
    username: str | None = setting(None, env=("NATS_AUTH_USERNAME",), exported=True)
    """User for NATS authentication."""
    password: str | None = setting(None, env=("NATS_AUTH_PASSWORD",), secret=True, exported=True)
    """Password for NATS authentication."""
    token: str | None = setting(None, env=("NATS_AUTH_TOKEN",), secret=True, exported=True)
    """Token for NATS authentication."""
    nkey: str | None = setting(None, env=("NATS_AUTH_NKEY",), secret=True, exported=True)
    """Key seed for NATS authentication."""
    credentials_file: str | None = setting(None, env=("NATS_AUTH_CREDENTIALS_FILE",), exported=True)
    """File with NATS user credentials."""
    startup_timeout_seconds: int | None = setting(
        None, env=("NATS_STARTUP_CONNECT_TIMEOUT_SECONDS",), minimum=1, exported=True
    )
    """Longest wait for NATS at the start, in seconds; unset: 120."""
    request_timeout_seconds: int | None = setting(
        None, env=("DYN_NATS_REQUEST_TIMEOUT_SECS",), minimum=1, exported=True
    )
    """Longest wait for a worker to accept a request over NATS, in seconds; unset: 10."""
    stream_max_age_seconds: float = setting(3600.0, env=("DYN_NATS_STREAM_MAX_AGE",), minimum=1)
    """How long durable KV events are kept (R25). Blocks that are still held are written anew within
    that time, and those of a worker that died are forgotten after it at the latest."""
    tls_ca_cert_path: str | None = setting(None, env=("NATS_TLS_CA_CERT_PATH",), exported=True)
    """PEM certificate authority with which the NATS server's certificate is checked."""
    tls_insecure: bool | None = setting(None, env=("NATS_TLS_INSECURE",), exported=True)
    """Accept any certificate of the NATS server: for development only; unset: off."""
    tls_client_cert_path: str | None = setting(
        None, env=("NATS_TLS_CLIENT_CERT_PATH",), exported=True
    )
    """PEM certificate shown to the NATS server (mutual TLS)."""
    tls_client_key_path: str | None = setting(
        None, env=("NATS_TLS_CLIENT_KEY_PATH",), exported=True
    )
    """PEM key of the certificate shown to the NATS server."""
