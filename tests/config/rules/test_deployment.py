"""Rules about containers, topology and replicas."""

from typing import Any

import pytest

from dynamo.config.rules import deployment
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    FrontendConfig,
    MockerBackend,
    NetworkConfig,
    RequestPlaneConfig,
    RuntimeConfig,
    StoreConfig,
    TopologyConfig,
)


def config(**sections: Any) -> Config:
    return Config(backend=MockerBackend(), **{"store": StoreConfig("mem"), **sections})


@pytest.mark.parametrize(
    "mode", [None, "host", "bridge", "none", "container:etcd", "my_network", "team.net-1"]
)
def test_r178_a_container_is_attached_in_one_of_five_ways(mode: str | None) -> None:
    assert list(deployment.container_mode_is_known(config(network=NetworkConfig(mode)))) == []


@pytest.mark.parametrize("mode", ["container:", "host:8000", "a b", "bridge,host"])
def test_r178_any_other_way_is_refused(mode: str) -> None:
    (problem,) = deployment.container_mode_is_known(config(network=NetworkConfig(mode)))
    assert (problem.rule, problem.value) == ("R178", mode)


def test_r178_without_a_network_no_server_can_be_reached() -> None:
    built = config(
        network=NetworkConfig("none"),
        store=StoreConfig("etcd"),
        request_plane=RequestPlaneConfig("nats"),
        event_plane=EventPlaneConfig("nats"),
    )
    wrong = [problem.path for problem in deployment.container_reaches_its_servers(built)]
    assert wrong == ["store.kind", "request_plane.kind", "event_plane.kind"]


@pytest.mark.parametrize(
    "sections",
    [
        {"network": NetworkConfig("none"), "event_plane": EventPlaneConfig("zmq")},
        {"network": NetworkConfig("bridge"), "store": StoreConfig("etcd")},
        {"store": StoreConfig("etcd")},
    ],
)
def test_r178_servers_inside_or_a_network_are_fine(sections: dict[str, Any]) -> None:
    assert list(deployment.container_reaches_its_servers(config(**sections))) == []


@pytest.mark.parametrize("mode", ["bridge", "my_network"])
def test_r178_a_published_port_does_not_end_at_loopback(mode: str) -> None:
    built = config(network=NetworkConfig(mode), runtime=RuntimeConfig(system_port=9090))
    problems = list(deployment.published_ports_listen_outside(built))
    assert [problem.suggestion for problem in problems] == [
        "frontend.host=0.0.0.0",
        "runtime.system_host=0.0.0.0",
    ]
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"network": NetworkConfig("host")},
        {"network": NetworkConfig("container:pod")},
        {"network": NetworkConfig("bridge"), "frontend": FrontendConfig("none")},
        {"network": NetworkConfig("bridge"), "frontend": FrontendConfig(host="0.0.0.0")},
    ],
)
def test_r178_elsewhere_loopback_is_fine(sections: dict[str, Any]) -> None:
    assert list(deployment.published_ports_listen_outside(config(**sections))) == []


@pytest.mark.parametrize(
    ("topology", "wrong"),
    [
        (TopologyConfig(), []),
        (TopologyConfig(enabled=True, kv_transfer_domain="zone"), []),
        (TopologyConfig(enabled=True), [("topology.kv_transfer_domain", True)]),
        (TopologyConfig(kv_transfer_domain="zone"), [("topology.kv_transfer_domain", False)]),
        (
            TopologyConfig(kv_transfer_preferred_weight=0.5),
            [("topology.kv_transfer_preferred_weight", True)],
        ),
        (
            TopologyConfig(kv_transfer_enforcement="preferred", kv_transfer_preferred_weight=0.5),
            [],
        ),
    ],
)
def test_r173_topology_settings_belong_together(
    topology: TopologyConfig, wrong: list[tuple[str, bool]]
) -> None:
    problems = deployment.topology_has_a_domain(config(topology=topology))
    assert [(problem.path, problem.fatal) for problem in problems] == wrong
