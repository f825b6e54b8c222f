"""Every request plane with every event plane and store: real servers, workers, a real request."""

from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.state_servers import Certificates, running_etcd, running_nats


def answers(members: Fleet, *, alone: bool) -> None:
    """Start a worker, with a frontend inside or beside it, ask it, and end both in order."""
    try:
        if alone:
            started = [members.worker(*members.embedded_frontend())]
        else:
            frontend = members.frontend(ready=False)
            started = [members.worker(), frontend]
            frontend.wait_for("ready: ")
            members.wait_until_listed()
        answer = members.complete()
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] == 8
        assert [each.end() for each in started] == [0] * len(started)
    finally:
        members.close()


@pytest.mark.parametrize("store", ["mem", "file", "etcd"])
@pytest.mark.parametrize("event_plane", ["zmq", "nats"])
@pytest.mark.parametrize("request_plane", ["tcp", "nats", "http"])
def test_r20_to_r24_each_combination_answers(
    request_plane: str,
    event_plane: str,
    store: str,
    nats: str,
    etcd: str,
    tmp_path: Path,
    tiny_model: Path,
) -> None:
    shared = (
        f"request_plane={request_plane}", f"event_plane={event_plane}", f"store={store}",
        f"nats.server={nats}", f"store.etcd_endpoints=['{etcd}']",
        f"store.path={tmp_path / 'store'}", f"runtime.namespace={tmp_path.name[-40:]}",
        "request_plane.http_port=0",
    )  # fmt: skip
    answers(Fleet(tmp_path, tiny_model, shared), alone=store == "mem")


USER, SECRET = "worker", "hunter2"
NATS_LOGINS = {
    "variables": (
        f'user: "{USER}", password: "{SECRET}"',
        "",
        {"NATS_AUTH_USERNAME": USER, "NATS_AUTH_PASSWORD": SECRET},
    ),
    "url": (f'user: "{USER}", password: "{SECRET}"', f"{USER}:{SECRET}@", {}),
    "token": (f'token: "{SECRET}"', "", {"NATS_AUTH_TOKEN": SECRET}),
}


@pytest.mark.parametrize("login", list(NATS_LOGINS))
def test_r173_a_login_to_nats_is_passed_on(login: str, tmp_path: Path, tiny_model: Path) -> None:
    authorization, in_url, environment = NATS_LOGINS[login]
    with running_nats(tmp_path / "nats", authorization) as server:
        environment = {**environment, "NATS_SERVER": f"nats://{in_url}{server.address}"}
        shared = ("request_plane=nats", "event_plane=nats")
        members = Fleet(tmp_path, tiny_model, shared, environment)
        answers(members, alone=True)
        assert all(SECRET not in each.log.read_text() for each in members.processes)


@pytest.mark.parametrize("mutual", [False, True])
def test_r173_tls_to_nats_is_passed_on(
    mutual: bool, tmp_path: Path, tiny_model: Path, certificates: Certificates
) -> None:
    shared = ["request_plane=nats", "event_plane=nats", f"nats.tls_ca_cert_path={certificates.ca}"]
    if mutual:
        shared += [
            f"nats.tls_client_cert_path={certificates.client_cert}",
            f"nats.tls_client_key_path={certificates.client_key}",
        ]
    with running_nats(tmp_path / "nats", "", certificates, verify=mutual) as server:
        shared.append(f"nats.server=tls://{server.address}")
        answers(Fleet(tmp_path, tiny_model, tuple(shared)), alone=True)


@pytest.mark.parametrize("mutual", [False, True])
def test_r20_tls_to_etcd_is_passed_on(
    mutual: bool, tmp_path: Path, tiny_model: Path, certificates: Certificates
) -> None:
    shared = (
        "store=etcd",
        f"store.etcd_ca={certificates.ca}",
        f"store.etcd_client_cert={certificates.client_cert}",
        f"store.etcd_client_key={certificates.client_key}",
    )
    with running_etcd(tmp_path / "etcd", certificates, verify=mutual) as server:
        address = f"store.etcd_endpoints=['https://{server.address}']"
        answers(Fleet(tmp_path, tiny_model, (*shared, address)), alone=True)


def test_r20_a_login_to_etcd_is_passed_on(tmp_path: Path, tiny_model: Path) -> None:
    users = [("root", "toor"), (USER, SECRET)]
    with running_etcd(tmp_path / "etcd", users=users) as server:
        environment = {
            "ETCD_ENDPOINTS": f"http://{server.address}",
            "ETCD_AUTH_USERNAME": USER,
            "ETCD_AUTH_PASSWORD": SECRET,
        }
        members = Fleet(tmp_path, tiny_model, ("store=etcd",), environment)
        answers(members, alone=True)
        assert all(SECRET not in each.log.read_text() for each in members.processes)


def test_tls_between_frontend_and_http_worker(
    tmp_path: Path, tiny_model: Path, certificates: Certificates
) -> None:
    shared = (
        "request_plane=http", "request_plane.http_port=0", "store=file",
        f"store.path={tmp_path / 'store'}",
        f"request_plane.tls_cert_path={certificates.cert}",
        f"request_plane.tls_key_path={certificates.key}",
        f"request_plane.tls_ca_cert_path={certificates.ca}",
        f"request_plane.tls_client_ca_cert_path={certificates.ca}",
        f"request_plane.tls_client_cert_path={certificates.client_cert}",
        f"request_plane.tls_client_key_path={certificates.client_key}",
    )  # fmt: skip
    answers(Fleet(tmp_path, tiny_model, shared), alone=False)
