"""etcd and NATS: reachable. The runtime itself would try for two minutes before it says so."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem

CONNECT_SECONDS = 1.0
DEFAULT_PORTS = {"store.etcd_endpoints": 2379, "nats.server": 4222}
VARIABLES = {"store.etcd_endpoints": "ETCD_ENDPOINTS", "nats.server": "NATS_SERVER"}


def check_servers(plan: LaunchPlan) -> list[Problem]:
    """Connect to every server that the plan needs, all at once; one of a list is enough."""
    needed = list(_needed(plan))
    with ThreadPoolExecutor(max(1, sum(len(addresses) for _, addresses in needed))) as pool:
        tried = [(path, list(pool.map(_connect_error, _with_ports(path, addresses))))
                 for path, addresses in needed]  # fmt: skip
    return [
        _unreachable(path, addresses, errors)
        for (path, addresses), (_path, errors) in zip(needed, tried, strict=True)
        if all(errors)
    ]


def _needed(plan: LaunchPlan) -> Iterator[tuple[str, list[str]]]:
    environment = plan.runtime.environment
    if plan.runtime.store == "etcd":
        yield "store.etcd_endpoints", environment["ETCD_ENDPOINTS"].split(",")
    if "nats" in (plan.runtime.request_plane, plan.runtime.event_plane):
        yield "nats.server", environment["NATS_SERVER"].split(",")


def _with_ports(path: str, addresses: list[str]) -> list[tuple[str, int]]:
    found = []
    for address in addresses:
        parts = urlsplit(address if "://" in address else f"//{address}")
        found.append((parts.hostname or "", _port(parts.netloc) or DEFAULT_PORTS[path]))
    return found


def _port(netloc: str) -> int | None:
    tail = netloc.rsplit("@", 1)[-1].rpartition(":")[2]
    return int(tail) if tail.isdigit() else None


def _connect_error(address: tuple[str, int]) -> str:
    try:
        socket.create_connection(address, CONNECT_SECONDS).close()
    except OSError as error:
        return str(error.strerror or error).lower()
    return ""


def _unreachable(path: str, addresses: list[str], errors: list[str]) -> Problem:
    servers = "etcd" if path.startswith("store") else "NATS"
    shown = ",".join(address.rsplit("@", 1)[-1] for address in addresses)
    text = f"cannot be reached: {'; '.join(sorted(set(errors)))}"
    allowed = f"the address of a running {servers} server; {VARIABLES[path]} sets it too"
    return Problem(path, shown, text, allowed, "deployment=local needs no server")
