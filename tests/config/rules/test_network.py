"""Rules about addresses, TLS, NATS and zmq."""

from typing import Any

import pytest

from dynamo.config.rules import check_rules, network
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    FrontendConfig,
    MockerBackend,
    NatsConfig,
    RequestPlaneConfig,
    RuntimeConfig,
    StoreConfig,
)

BROKER = "xsub=tcp://127.0.0.1:15601 , xpub=tcp://127.0.0.1:15602"


def config(**sections: Any) -> Config:
    return Config(backend=MockerBackend(), **{"store": StoreConfig("mem"), **sections})


def paths(rule: Any, built: Config) -> list[str]:
    return [problem.path for problem in rule(built)]


def test_a_valid_configuration_breaks_no_rule() -> None:
    plane = RequestPlaneConfig(
        tls_cert_path="a",
        tls_key_path="b",
        tls_ca_cert_path="c",
        tls_client_ca_cert_path="c",
        tls_client_cert_path="d",
        tls_client_key_path="e",
        response_host="10.0.0.1",
    )
    assert check_rules(config(request_plane=plane, nats=NatsConfig(token="t"))) == []  # noqa: S106


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "*"])
def test_r173_an_announced_address_leads_somewhere(host: str) -> None:
    plane = RequestPlaneConfig(response_host=host)
    events = EventPlaneConfig(host=host)
    built = config(request_plane=plane, event_plane=events)
    wrong = paths(network.announced_hosts_are_specific, built)
    assert wrong == ["request_plane.response_host", "event_plane.host"]


@pytest.mark.parametrize("host", [None, "127.0.0.1", "10.0.0.1", "eth0"])
def test_r173_an_address_or_an_interface_can_be_announced(host: str | None) -> None:
    plane = RequestPlaneConfig(response_host=host, tcp_host="0.0.0.0")
    assert paths(network.announced_hosts_are_specific, config(request_plane=plane)) == []


@pytest.mark.parametrize(
    ("sections", "missing"),
    [
        ({"request_plane": RequestPlaneConfig(tls_cert_path="c")}, "request_plane.tls_key_path"),
        ({"request_plane": RequestPlaneConfig(tls_key_path="k")}, "request_plane.tls_cert_path"),
        (
            {"request_plane": RequestPlaneConfig(tls_client_key_path="k")},
            "request_plane.tls_client_cert_path",
        ),
        ({"nats": NatsConfig(tls_client_cert_path="c")}, "nats.tls_client_key_path"),
    ],
)
def test_r173_certificates_come_with_their_keys(sections: dict[str, Any], missing: str) -> None:
    assert paths(network.tls_files_in_pairs, config(**sections)) == [missing]


def test_r173_a_whole_pair_is_accepted() -> None:
    plane = RequestPlaneConfig(tls_cert_path="c", tls_key_path="k")
    assert paths(network.tls_files_in_pairs, config(request_plane=plane)) == []


@pytest.mark.parametrize(
    ("user", "password", "fatal"),
    [("me", None, [True]), (None, "x", [False]), ("me", "x", []), (None, None, [])],
)
def test_r173_a_nats_user_has_a_password(
    user: str | None, password: str | None, fatal: list[bool]
) -> None:
    built = config(nats=NatsConfig(username=user, password=password))
    problems = list(network.nats_user_has_a_password(built))
    assert [problem.fatal for problem in problems] == fatal
    assert "x" not in [problem.value for problem in problems]


def test_r173_clients_are_not_checked_by_a_listener_without_tls() -> None:
    plane = RequestPlaneConfig(tls_client_ca_cert_path="ca.pem")
    (problem,) = network.tls_protects_what_it_seems_to(config(request_plane=plane))
    assert problem.fatal
    assert problem.path == "request_plane.tls_client_ca_cert_path"


SERVER: dict[str, Any] = {"tls_cert_path": "c", "tls_key_path": "k"}


@pytest.mark.parametrize(
    ("plane", "kind", "missing"),
    [
        (SERVER, "embedded", ["tls_ca_cert_path"]),
        (SERVER, "none", []),
        (SERVER | {"tls_ca_cert_path": "ca"}, "embedded", []),
        (SERVER | {"tls_insecure": True}, "embedded", []),
        (
            SERVER | {"tls_ca_cert_path": "ca", "tls_client_ca_cert_path": "ca"},
            "embedded",
            ["tls_client_cert_path"],
        ),
        ({"tls_ca_cert_path": "ca"}, "embedded", []),
    ],
)
def test_r173_the_embedded_frontend_can_finish_the_handshake(
    plane: dict[str, Any], kind: str, missing: list[str]
) -> None:
    built = config(request_plane=RequestPlaneConfig(**plane), frontend=FrontendConfig(kind))
    wrong = paths(network.frontend_speaks_tls, built)
    assert wrong == [f"request_plane.{name}" for name in missing]


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        (
            {"request_plane": RequestPlaneConfig(tls_insecure=True, tls_ca_cert_path="ca.pem")},
            "request_plane.tls_insecure",
        ),
        (
            {"nats": NatsConfig(tls_insecure=True, tls_ca_cert_path="ca.pem")},
            "nats.tls_insecure",
        ),
    ],
)
def test_r173_an_authority_that_checks_nothing_is_a_notice(
    sections: dict[str, Any], path: str
) -> None:
    (problem,) = network.tls_protects_what_it_seems_to(config(**sections))
    assert (problem.path, problem.fatal) == (path, False)


def test_r173_the_second_way_to_log_in_to_nats_is_said_to_be_unused() -> None:
    nats = NatsConfig(username="me", password="x", nkey="n", credentials_file="f")  # noqa: S106
    problems = list(network.nats_authenticates_once(config(nats=nats)))
    assert [problem.path for problem in problems] == ["nats.nkey", "nats.credentials_file"]
    assert not any(problem.fatal for problem in problems)
    assert "n" not in [problem.value for problem in problems]


@pytest.mark.parametrize("url", [BROKER, "xsub=tcp://a:1;tcp://b:1 , xpub=tcp://a:2;tcp://b:2"])
def test_r173_a_broker_has_two_sides(url: str) -> None:
    events = EventPlaneConfig("zmq", zmq_broker_url=url)
    assert paths(network.broker_url_has_both_sides, config(event_plane=events)) == []


@pytest.mark.parametrize(
    "url", ["tcp://a:1", "xsub=tcp://a:1", "xpub=tcp://a:1,xsub=tcp://a:2", ""]
)
def test_r173_any_other_broker_address_is_refused(url: str) -> None:
    events = EventPlaneConfig("zmq", zmq_broker_url=url)
    wrong = paths(network.broker_url_has_both_sides, config(event_plane=events))
    assert wrong == ["event_plane.zmq_broker_url"]


@pytest.mark.parametrize(
    ("largest", "kept", "wrong"), [(100, 100, 0), (100, 101, 1), (None, 101, 0), (100, None, 0)]
)
def test_r173_a_kept_buffer_is_no_larger_than_a_message(
    largest: int | None, kept: int | None, wrong: int
) -> None:
    plane = RequestPlaneConfig(tcp_max_message_bytes=largest, tcp_shrink_message_bytes=kept)
    assert len(paths(network.sizes_fit, config(request_plane=plane))) == wrong


def test_r173_url_paths_are_absolute() -> None:
    runtime = RuntimeConfig(system_health_path="ready", system_live_path="/live")
    plane = RequestPlaneConfig(http_root_path="v1/rpc")
    built = config(runtime=runtime, request_plane=plane)
    problems = list(network.paths_begin_with_a_slash(built))
    assert [problem.suggestion for problem in problems] == [
        "runtime.system_health_path=/ready",
        "request_plane.http_root_path=/v1/rpc",
    ]


@pytest.mark.parametrize(("suffix", "wrong"), [(None, 0), ("v2", 0), ("a.b", 1), ("", 1)])
def test_r19_a_suffix_can_be_part_of_a_namespace(suffix: str | None, wrong: int) -> None:
    runtime = RuntimeConfig(namespace_worker_suffix=suffix)
    assert len(paths(network.worker_suffix_is_a_name, config(runtime=runtime))) == wrong


@pytest.mark.parametrize(
    ("plane", "mode", "found"),
    [
        ("http", "kv", ["frontend.router_mode"]),
        ("http", "round-robin", []),
        ("http", None, []),
        ("tcp", "kv", []),
    ],
)
def test_r22_on_the_http_plane_no_router_chooses(
    plane: str, mode: str | None, found: list[str]
) -> None:
    built = config(
        request_plane=RequestPlaneConfig(plane), frontend=FrontendConfig(router_mode=mode)
    )
    assert paths(network.http_workers_are_asked_in_turn, built) == found
