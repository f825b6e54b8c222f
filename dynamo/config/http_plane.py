"""The http request plane from the configuration: the native runtime does not carry it."""

from dynamo.config.plan import HttpPlanePlan, TlsPlan
from dynamo.config.schema import Config, RequestPlaneConfig

CONNECT_TIMEOUT_SECONDS = 3
INHIBITED_SECONDS = 5


def http_plane(config: Config) -> HttpPlanePlan | None:
    """Return how requests travel over HTTP (R22, R173); None on another plane.

    Time-outs and TLS files are the same settings as on the tcp plane, with the same defaults.
    """
    plane, inhibited = config.request_plane, config.runtime.inhibited_seconds
    if plane.kind != "http":
        return None
    return HttpPlanePlan(
        host=plane.http_host,
        port=plane.http_port,
        root_path=plane.http_root_path.rstrip("/"),
        max_requests=plane.http_max_requests,
        max_message_bytes=plane.http_max_message_bytes,
        connect_timeout_seconds=plane.tcp_connect_timeout_seconds or CONNECT_TIMEOUT_SECONDS,
        inhibited_seconds=INHIBITED_SECONDS if inhibited is None else inhibited,
        tls=_tls(plane),
    )


def _tls(plane: RequestPlaneConfig) -> TlsPlan:
    return TlsPlan(
        cert=plane.tls_cert_path,
        key=plane.tls_key_path,
        ca_cert=plane.tls_ca_cert_path,
        insecure=bool(plane.tls_insecure),
        server_name=plane.tls_server_name,
        client_cert=plane.tls_client_cert_path,
        client_key=plane.tls_client_key_path,
        client_ca_cert=plane.tls_client_ca_cert_path,
    )
