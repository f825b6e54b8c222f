"""Rules about addresses, TLS, NATS and zmq."""

import re
from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.values import is_name

UNSPECIFIED = ("0.0.0.0", "::", "[::]", "*")  # noqa: S104 - they are refused, not bound
BROKER_URL = re.compile(r"\s*xsub=\S+://\S+\s*,\s*xpub=\S+://\S+\s*")


def announced_hosts_are_specific(config: Config) -> Iterator[Problem]:
    """R173: addresses that others are told must lead somewhere; the runtime refuses 0.0.0.0."""
    hosts = {
        "request_plane.response_host": config.request_plane.response_host,
        "event_plane.host": config.event_plane.host,
    }
    for path, host in hosts.items():
        if host in UNSPECIFIED:
            text = "is announced to other processes, and leads nowhere"
            yield Problem(
                path, host, text, "an address of this machine", f"{path}=127.0.0.1", "R173"
            )


def tls_files_in_pairs(config: Config) -> Iterator[Problem]:
    """R173: a certificate needs its key."""
    pairs = (
        ("request_plane", "tls_cert_path", "tls_key_path"),
        ("request_plane", "tls_client_cert_path", "tls_client_key_path"),
        ("nats", "tls_client_cert_path", "tls_client_key_path"),
    )
    for section, *pair in pairs:
        missing = [name for name in pair if getattr(getattr(config, section), name) is None]
        if len(missing) == 1:
            (given,) = set(pair) - set(missing)
            text = f"is missing beside {section}.{given}"
            yield Problem(f"{section}.{missing[0]}", None, text, "both or neither", rule="R173")


def tls_protects_what_it_seems_to(config: Config) -> Iterator[Problem]:
    """R173: clients are checked only by a listener that has TLS; `insecure` checks nothing."""
    plane = config.request_plane
    if plane.tls_client_ca_cert_path is not None and plane.tls_cert_path is None:
        yield Problem(
            "request_plane.tls_client_ca_cert_path", plane.tls_client_ca_cert_path,
            "checks no client: the request listener has no certificate, so no TLS",
            "also request_plane.tls_cert_path and tls_key_path", rule="R173",
        )  # fmt: skip
    authorities = {
        "request_plane.tls_insecure": (plane.tls_insecure, plane.tls_ca_cert_path),
        "nats.tls_insecure": (config.nats.tls_insecure, config.nats.tls_ca_cert_path),
    }
    for path, (insecure, authority) in authorities.items():
        if insecure and authority is not None:
            text = "lets every certificate pass, so the certificate authority is not used"
            yield Problem(path, True, text, "", f"{path}=false", "R173", fatal=False)


def frontend_speaks_tls(config: Config) -> Iterator[Problem]:
    """R173: the embedded frontend is a client of its own worker; where it cannot finish the
    handshake, each request ends with 503."""
    plane = config.request_plane
    if config.frontend.kind == "none" or plane.tls_cert_path is None:
        return
    if plane.tls_ca_cert_path is None and not plane.tls_insecure:
        text = "is missing: the frontend cannot check the certificate of its own worker"
        path, allowed = "request_plane.tls_ca_cert_path", "file of the authority that signed it"
        yield Problem(path, None, text, allowed, rule="R173")
    if plane.tls_client_ca_cert_path is not None and plane.tls_client_cert_path is None:
        text = "is missing: the worker turns its own frontend away"
        path, allowed = "request_plane.tls_client_cert_path", "certificate and key for clients"
        yield Problem(path, None, text, allowed, rule="R173")


def nats_user_has_a_password(config: Config) -> Iterator[Problem]:
    """R173: a user logs in to NATS with a password; a password alone is not used."""
    user, password = config.nats.username, config.nats.password
    if user is not None and password is None:
        yield Problem("nats.password", None, "is missing beside nats.username", rule="R173")
    if password is not None and user is None:
        text = "is not used without nats.username"
        yield Problem("nats.password", None, text, rule="R173", fatal=False)


def nats_authenticates_once(config: Config) -> Iterator[Problem]:
    """R173: of several ways to log in to NATS only the first is used."""
    ways = ("username", "token", "nkey", "credentials_file")
    given = [way for way in ways if getattr(config.nats, way) is not None]
    for way in given[1:]:
        text = f"is not used: nats.{given[0]} comes first"
        yield Problem(f"nats.{way}", None, text, "one of them", rule="R173", fatal=False)


def http_workers_are_asked_in_turn(config: Config) -> Iterator[Problem]:
    """R22: on the http plane a forwarding worker stands between router and workers."""
    path, mode = "frontend.router_mode", config.frontend.router_mode
    if config.request_plane.kind == "http" and mode not in (None, "round-robin"):
        text = "has no effect on the http request plane: workers are asked in turn"
        yield Problem(path, mode, text, "round-robin", "request_plane=tcp", "R22", fatal=False)


def broker_url_has_both_sides(config: Config) -> Iterator[Problem]:
    """R173: the runtime silently ignores a broker address that it cannot read."""
    url = config.event_plane.zmq_broker_url
    if url is not None and not BROKER_URL.fullmatch(url):
        yield Problem(
            "event_plane.zmq_broker_url", url, "is not a pair of zmq addresses",
            "xsub=tcp://host:port , xpub=tcp://host:port", rule="R173",
        )  # fmt: skip


def sizes_fit(config: Config) -> Iterator[Problem]:
    """R173: a buffer is not kept larger than the largest message."""
    largest = config.request_plane.tcp_max_message_bytes
    kept = config.request_plane.tcp_shrink_message_bytes
    if largest is not None and kept is not None and kept > largest:
        path = "request_plane.tcp_shrink_message_bytes"
        text = "is more than request_plane.tcp_max_message_bytes"
        yield Problem(path, kept, text, f"{largest} or less", f"{path}={largest}", "R173")


def paths_begin_with_a_slash(config: Config) -> Iterator[Problem]:
    """R173: URL paths are absolute."""
    paths = {
        "runtime.system_health_path": config.runtime.system_health_path,
        "runtime.system_live_path": config.runtime.system_live_path,
        "request_plane.http_root_path": config.request_plane.http_root_path,
    }
    for path, value in paths.items():
        if value is not None and not value.startswith("/"):
            text = "is not an absolute path"
            yield Problem(path, value, text, "/...", f"{path}=/{value}", "R173")


def worker_suffix_is_a_name(config: Config) -> Iterator[Problem]:
    """R19: the suffix becomes part of the namespace."""
    suffix = config.runtime.namespace_worker_suffix
    if suffix is not None and not is_name(suffix):
        text = "cannot be part of a namespace"
        path = "runtime.namespace_worker_suffix"
        yield Problem(path, suffix, text, "letters, digits, - and _", rule="R19")
