"""Rules about where a worker stands: container, zone or rack, and the replicas beside it."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.values import is_name

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONTAINER_MODES = "host, bridge, none, container:<name>, or the name of a network"


def container_mode_is_known(config: Config) -> Iterator[Problem]:
    """R178: one of Docker's modes, or a network's name."""
    mode = config.network.container_mode
    kind, colon, name = (mode or "host").partition(":")
    if not is_name((kind + name).replace(".", "")) or (colon and (kind != "container" or not name)):
        text = "is no way to attach a container"
        yield Problem("network.container_mode", mode, text, CONTAINER_MODES, rule="R178")


def container_reaches_its_servers(config: Config) -> Iterator[Problem]:
    """R178: without a network, a worker meets nobody outside its container."""
    if config.network.container_mode != "none":
        return
    kinds = {
        "store.kind": (config.store.kind, ("etcd", "kubernetes")),
        "request_plane.kind": (config.request_plane.kind, ("nats",)),
        "event_plane.kind": (config.event_plane.kind, ("nats",)),
    }
    for path, (kind, outside) in kinds.items():
        if kind in outside:
            text = "cannot be reached: network.container_mode is none"
            yield Problem(path, kind, text, "another mode, or no server", rule="R178")


def published_ports_listen_outside(config: Config) -> Iterator[Problem]:
    """R178: a port published by a bridged container ends at its own address, not at loopback."""
    mode = config.network.container_mode
    if mode in (None, "host", "none") or str(mode).startswith("container:"):
        return
    hosts = {"frontend.host": config.frontend.host if config.frontend.kind != "none" else None}
    if config.runtime.system_port >= 0:
        hosts["runtime.system_host"] = config.runtime.system_host
    for path, host in hosts.items():
        if host in LOOPBACK:
            text = f"is not reached from outside a container attached by {mode}"
            meant = f"{path}=0.0.0.0"
            yield Problem(path, host, text, "", meant, "R178", fatal=False)


def topology_has_a_domain(config: Config) -> Iterator[Problem]:
    """R173: who reads the topology must say which domain counts, or the worker does not start."""
    topology = config.topology
    if topology.enabled and not topology.kv_transfer_domain:
        path, text = "topology.kv_transfer_domain", "is missing beside topology.enabled"
        yield Problem(path, None, text, "name of a file, such as zone", f"{path}=zone", "R173")
    if topology.kv_transfer_domain and not topology.enabled:
        path, text = "topology.kv_transfer_domain", "has no effect without topology.enabled"
        meant = "topology.enabled=true"
        yield Problem(path, topology.kv_transfer_domain, text, "", meant, "R173", fatal=False)
    weight = topology.kv_transfer_preferred_weight
    if weight is not None and topology.kv_transfer_enforcement != "preferred":
        path, text = "topology.kv_transfer_preferred_weight", "counts only where it is preferred"
        meant = "topology.kv_transfer_enforcement=preferred"
        yield Problem(path, weight, text, "", meant, "R173")
