"""Whether an etcd server speaks etcd, is trusted, and lets this worker in.

Asked over HTTP, which etcd serves beside gRPC on the same port.
"""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from dynamo.worker.etcd_files import PEM, VARIABLES
from dynamo.worker.preflight.refusal import STEP_SECONDS, RefusedError, TlsFiles

KEY = base64.b64encode(b"v1/").decode()
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF")
RUNNING = "the address of a running etcd server"


def ask_etcd(host: str, port: int, scheme: str, environment: Mapping[str, str]) -> None:
    """Read a key as the runtime would, and leave.

    Raises:
        RefusedError: the server is no etcd server, or does not let the worker in.
        OSError: nobody answers.
    """
    if any(PEM in environment.get(name, "") for name in VARIABLES):
        # Python's TLS reads files only: such a server is only looked for.
        socket.create_connection((host, port), STEP_SECONDS).close()
        return
    connection = _connection(host, port, scheme, environment)
    try:
        _, version = _call(connection, "GET", "/version")
        if "etcdserver" not in version:
            raise RefusedError("store.etcd_endpoints", "is not an etcd server", RUNNING)
        _check_login(connection, environment)
    except ssl.SSLError as error:
        if any(words in str(error) for words in NO_TLS):
            raise RefusedError(
                "store.etcd_endpoints", "does not speak TLS", "http://..."
            ) from error
        raise _files(environment).explain(error) from error
    except (http.client.HTTPException, TimeoutError) as error:
        text = "is not an etcd server: it does not answer like one"
        raise RefusedError("store.etcd_endpoints", text, RUNNING) from error
    finally:
        connection.close()


def _connection(
    host: str, port: int, scheme: str, environment: Mapping[str, str]
) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)
    context = _files(environment).context()
    return http.client.HTTPSConnection(host, port, timeout=STEP_SECONDS, context=context)


def _files(environment: Mapping[str, str]) -> TlsFiles:
    authority, certificate, key = (environment.get(name) for name in VARIABLES)
    return TlsFiles(authority, certificate, key, "store.etcd_ca", "store.etcd_client_cert")


def _check_login(connection: http.client.HTTPConnection, environment: Mapping[str, str]) -> None:
    """Log in if the plan does; reading a key shows whether one has to."""
    user, token = environment.get("ETCD_AUTH_USERNAME"), None
    if user is not None:
        login = {"name": user, "password": environment.get("ETCD_AUTH_PASSWORD", "")}
        status, answer = _call(connection, "POST", "/v3/auth/authenticate", login)
        if status == http.client.BAD_REQUEST and "not enabled" in answer.get("message", ""):
            text = "is not used: the server asks nobody for a password, and then refuses one"
            raise RefusedError("store.etcd_username", text, "no user")
        if status == http.client.BAD_REQUEST:
            raise RefusedError("store.etcd_password", "is not accepted by the server")
        token = answer.get("token")
    status, answer = _call(connection, "POST", "/v3/kv/range", {"key": KEY}, token)
    if status in (http.client.BAD_REQUEST, http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        text = "is missing: the server asks for a login" if user is None else "may not read keys"
        raise RefusedError("store.etcd_username", text, "a user with the rights for all keys")


def _call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    token: str | None = None,
) -> tuple[int, dict[str, Any]]:
    """Return status and answer; an answer that is no JSON object is empty."""
    headers = {"Authorization": token} if token else {}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    try:
        answer = json.loads(response.read(1 << 20))
    except ValueError:
        answer = {}
    return response.status, answer if isinstance(answer, dict) else {}
