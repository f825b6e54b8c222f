"""Whether a NATS server speaks NATS, is trusted, and lets this worker in."""

import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from dynamo.worker.preflight.refusal import STEP_SECONDS, RefusedError, TlsFiles

USER, TOKEN = "NATS_AUTH_USERNAME", "NATS_AUTH_TOKEN"
SIGNED = ("NATS_AUTH_NKEY", "NATS_AUTH_CREDENTIALS_FILE")
"""Logins that sign something; they are left to the runtime."""
FALLBACK = {"user": "user", "pass": "user"}
"""How the runtime logs in when nothing is set."""
INSECURE, CLIENT_CERT = "NATS_TLS_INSECURE", "NATS_TLS_CLIENT_CERT_PATH"
TLS = ("NATS_TLS_CA_CERT_PATH", INSECURE, CLIENT_CERT)


def ask_nats(host: str, port: int, scheme: str, environment: Mapping[str, str]) -> None:
    """Log in as the runtime would, and leave.

    Raises:
        RefusedError: the server is no NATS server, or does not let the worker in.
        OSError: nobody answers.
    """
    with socket.create_connection((host, port), STEP_SECONDS) as plain:
        plain.settimeout(STEP_SECONDS)
        info = _greeting(plain)
        wants_tls = scheme == "tls" or any(name in environment for name in TLS)
        if not (info.get("tls_required") or info.get("tls_available")):
            if wants_tls:
                raise RefusedError("nats.server", "does not speak TLS", "nats://...")
            _log_in(plain, info, environment)
            return
        if info.get("tls_verify") and CLIENT_CERT not in environment:
            text = "is missing: the server wants a client certificate"
            raise RefusedError("nats.tls_client_cert_path", text, "a certificate and its key")
        files = _files(environment)
        try:
            with _context(files, environment).wrap_socket(plain, server_hostname=host) as secure:
                _log_in(secure, info, environment)
        except ssl.SSLError as error:
            raise files.explain(error) from error


def _greeting(connection: socket.socket) -> dict[str, Any]:
    """Return what a NATS server says of itself before it is asked."""
    try:
        line = _line(connection)
    except TimeoutError:
        line = b""
    if not line.startswith(b"INFO {"):
        text = "is not a NATS server: it does not greet like one"
        raise RefusedError("nats.server", text, "the address of a running NATS server")
    return dict(json.loads(line.removeprefix(b"INFO ")))


def _line(connection: socket.socket) -> bytes:
    """Return one line, and not a byte more: TLS may begin behind it."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < 1 << 16:
        received = connection.recv(1)
        if not received:
            break
        line += received
    return bytes(line)


def _log_in(
    connection: socket.socket, info: Mapping[str, Any], environment: Mapping[str, str]
) -> None:
    if any(name in environment for name in SIGNED) and USER not in environment:
        return
    options = {"verbose": False, "pedantic": False, "lang": "python", **_login(environment)}
    connection.sendall(b"CONNECT " + json.dumps(options).encode() + b"\r\nPING\r\n")
    answer = _line(connection)
    if answer.startswith(b"-ERR") or (not answer and info.get("auth_required")):
        raise _refused_login(environment)


def _login(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the login in NATS' own words: the first that is set, as in the runtime."""
    match environment:
        case {"NATS_AUTH_USERNAME": user, "NATS_AUTH_PASSWORD": password}:
            return {"user": user, "pass": password}
        case {"NATS_AUTH_TOKEN": token}:
            return {"auth_token": token}
    return FALLBACK


def _refused_login(environment: Mapping[str, str]) -> RefusedError:
    if USER in environment:
        return RefusedError("nats.password", "is not accepted by the server for nats.username")
    if TOKEN in environment:
        return RefusedError("nats.token", "is not accepted by the server")
    text = "is missing: the server asks for a login"
    allowed = "a user and a password, a token, an nkey, or a credentials file"
    return RefusedError("nats.username", text, allowed)


def _files(environment: Mapping[str, str]) -> TlsFiles:
    return TlsFiles(
        environment.get("NATS_TLS_CA_CERT_PATH"),
        environment.get(CLIENT_CERT),
        environment.get("NATS_TLS_CLIENT_KEY_PATH"),
        "nats.tls_ca_cert_path",
        "nats.tls_client_cert_path",
    )


def _context(files: TlsFiles, environment: Mapping[str, str]) -> ssl.SSLContext:
    context = files.context()
    if environment.get(INSECURE) == "true":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
