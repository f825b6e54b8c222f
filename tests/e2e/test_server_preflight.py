"""A NATS or etcd server that cannot be used is found before the start, and named in 3 seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dynamo.config.plan import RuntimePlan
from dynamo.config.problems import Problem
from dynamo.worker.preflight.ports import free_port
from dynamo.worker.preflight.servers import check_servers
from tests.e2e.state_servers import (
    Certificates,
    Listener,
    running_etcd,
    running_nats,
    write_certificates,
)
from tests.worker.preflight.test_preflight import plan

SECRET = "hunter2"  # noqa: S105
LONGEST_SECONDS = 3


def found(environment: dict[str, str]) -> list[Problem]:
    """Return what preflight says of a plan that needs the servers named there, in time."""
    store = "etcd" if "ETCD_ENDPOINTS" in environment else "mem"
    plane = "nats" if "NATS_SERVER" in environment else "tcp"
    runtime = RuntimePlan(store, plane, "zmq", environment)
    begin = time.monotonic()
    problems = check_servers(replace(plan(), runtime=runtime))
    assert time.monotonic() - begin < LONGEST_SECONDS
    assert SECRET not in str(problems)
    return problems


@contextmanager
def something_else(greeting: bytes) -> Iterator[str]:
    """Listen, greet, and say nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections = []

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(greeting)
                connections.append(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
@pytest.mark.parametrize(
    ("variable", "path"),
    [("NATS_SERVER", "nats.server"), ("ETCD_ENDPOINTS", "store.etcd_endpoints")],
)
def test_another_kind_of_server_is_told_apart(variable: str, path: str, greeting: bytes) -> None:
    with something_else(greeting) as address:
        (problem,) = found({variable: address})
    assert problem.path == path
    assert "is not a" in problem.message
    assert address in str(problem.value)


def test_each_is_told_from_the_other(nats: str, etcd: str) -> None:
    swapped = {
        "NATS_SERVER": etcd.replace("http", "nats"),
        "ETCD_ENDPOINTS": nats.replace("nats", "http"),
    }
    assert [problem.path for problem in found(swapped)] == ["store.etcd_endpoints", "nats.server"]


def test_servers_that_work_are_no_problem(nats: str, etcd: str) -> None:
    assert found({"NATS_SERVER": nats, "ETCD_ENDPOINTS": etcd}) == []


def test_nobody_there() -> None:
    nobody = f"127.0.0.1:{free_port('127.0.0.1')}"
    problems = found({"NATS_SERVER": f"nats://{nobody}", "ETCD_ENDPOINTS": f"http://{nobody}"})
    assert [problem.path for problem in problems] == ["store.etcd_endpoints", "nats.server"]
    assert all("cannot be reached: connection refused" in each.message for each in problems)


def test_one_of_several_addresses_is_enough(etcd: str) -> None:
    nobody = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    assert found({"ETCD_ENDPOINTS": f"{nobody},{etcd}"}) == []


LOGIN = {"NATS_AUTH_USERNAME": "me", "NATS_AUTH_PASSWORD": SECRET}


@pytest.mark.parametrize(
    ("login", "path"),
    [
        (LOGIN, None),
        ({**LOGIN, "NATS_AUTH_PASSWORD": f"not {SECRET}"}, "nats.password"),
        ({"NATS_AUTH_TOKEN": SECRET}, "nats.token"),
        ({}, "nats.username"),
    ],
)
def test_a_login_that_nats_does_not_accept(
    login: dict[str, str], path: str | None, tmp_path: Path
) -> None:
    with running_nats(tmp_path, f'user: "me", password: "{SECRET}"') as server:
        problems = found({"NATS_SERVER": f"nats://{server.address}", **login})
        assert [problem.path for problem in problems] == ([path] if path else [])
        assert all(server.address in problem.message for problem in problems)


@pytest.fixture(scope="module")
def closed_nats(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Listener]:
    """Return a NATS server that wants certificates of its clients."""
    with running_nats(tmp_path_factory.mktemp("n"), "", certificates, verify=True) as server:
        yield server


@pytest.fixture(scope="module")
def closed_etcd(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Listener]:
    """Return an etcd server that wants certificates of its clients."""
    with running_etcd(tmp_path_factory.mktemp("e"), certificates, verify=True) as server:
        yield server


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return certificates of an authority that no server knows."""
    return write_certificates(tmp_path_factory.mktemp("strangers"))


def nats_tls(ca: Certificates | None, client: Certificates | None) -> dict[str, str]:
    environment = {"NATS_TLS_CA_CERT_PATH": str(ca.ca)} if ca else {}
    if client:
        environment["NATS_TLS_CLIENT_CERT_PATH"] = str(client.client_cert)
        environment["NATS_TLS_CLIENT_KEY_PATH"] = str(client.client_key)
    return environment


def etcd_tls(ca: Certificates | None, client: Certificates | None) -> dict[str, str]:
    environment = {"ETCD_AUTH_CA": str(ca.ca)} if ca else {}
    if client:
        environment["ETCD_AUTH_CLIENT_CERT"] = str(client.client_cert)
        environment["ETCD_AUTH_CLIENT_KEY"] = str(client.client_key)
    return environment


def test_certificates_that_do_not_fit_nats(
    closed_nats: Listener, certificates: Certificates, strangers: Certificates
) -> None:
    cases = {
        (certificates, certificates): [],
        (strangers, certificates): ["nats.tls_ca_cert_path"],
        (certificates, strangers): ["nats.tls_client_cert_path"],
        (certificates, None): ["nats.tls_client_cert_path"],
    }
    for (authority, client), paths in cases.items():
        address = {"NATS_SERVER": f"tls://{closed_nats.address}"}
        problems = found({**address, **nats_tls(authority, client)})
        assert [problem.path for problem in problems] == paths
        assert all(closed_nats.address in problem.message for problem in problems)


def test_certificates_that_do_not_fit_etcd(
    closed_etcd: Listener, certificates: Certificates, strangers: Certificates
) -> None:
    cases = {
        (certificates, certificates): [],
        (strangers, certificates): ["store.etcd_ca"],
        (certificates, strangers): ["store.etcd_client_cert"],
        (certificates, None): ["store.etcd_client_cert"],
    }
    for (authority, client), paths in cases.items():
        address = {"ETCD_ENDPOINTS": f"https://{closed_etcd.address}"}
        problems = found({**address, **etcd_tls(authority, client)})
        assert [problem.path for problem in problems] == paths
        assert all(closed_etcd.address in problem.message for problem in problems)


def test_a_file_that_is_not_there_is_named_by_its_setting(closed_etcd: Listener) -> None:
    address = f"https://{closed_etcd.address}"
    (problem,) = found({"ETCD_ENDPOINTS": address, "ETCD_AUTH_CA": "/no/such.pem"})
    assert problem.path == "store.etcd_ca"


@pytest.mark.parametrize(("scheme", "expected"), [("http", "is not an etcd"), ("https", "TLS")])
def test_tls_where_there_is_none_and_the_other_way_round(
    scheme: str, expected: str, etcd: str, closed_etcd: Listener
) -> None:
    address = closed_etcd.address if scheme == "http" else etcd.removeprefix("http://")
    (problem,) = found({"ETCD_ENDPOINTS": f"{scheme}://{address}"})
    assert problem.path == "store.etcd_endpoints"
    assert expected in problem.message


def test_tls_to_a_nats_server_that_has_none(nats: str) -> None:
    (problem,) = found({"NATS_SERVER": nats.replace("nats://", "tls://")})
    assert (problem.path, problem.message) == ("nats.server", "does not speak TLS")


@pytest.mark.parametrize(
    ("user", "password", "path"),
    [
        ("me", SECRET, None),
        ("me", f"not {SECRET}", "store.etcd_password"),
        (None, None, "store.etcd_username"),
    ],
)
def test_a_login_that_etcd_does_not_accept(
    user: str | None, password: str | None, path: str | None, tmp_path: Path
) -> None:
    with running_etcd(tmp_path, users=[("root", "toor"), ("me", SECRET)]) as server:
        login = {"ETCD_AUTH_USERNAME": user, "ETCD_AUTH_PASSWORD": password} if user else {}
        problems = found({"ETCD_ENDPOINTS": f"http://{server.address}", **login})  # type: ignore[dict-item]
        assert [problem.path for problem in problems] == ([path] if path else [])


def test_a_password_that_etcd_does_not_ask_for(etcd: str) -> None:
    login = {"ETCD_AUTH_USERNAME": "me", "ETCD_AUTH_PASSWORD": SECRET}
    (problem,) = found({"ETCD_ENDPOINTS": etcd, **login})
    assert problem.path == "store.etcd_username"
