"""Addresses of the http request plane: where to listen, and what to tell others."""

import socket
from typing import Any

from dynamo.config.plan import HttpPlanePlan

ANY = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}  # noqa: S104 - only if asked for
SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation: asking for the way there sends nothing."""
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def own_address(family: socket.AddressFamily = socket.AF_INET) -> str:
    """Return the address of this machine that others use; loopback when there is no network."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((SOMEWHERE[family], 9))
        except OSError:
            return LOOPBACK[family]
        return str(probe.getsockname()[0])


def listening_host(host: str | None) -> str:
    """Return the address to bind; unset is this machine's own, never all of them."""
    return host or own_address()


def base_url(plan: HttpPlanePlan, host: str, port: int, *, tls: bool) -> str:
    """Return what clients put in front of an endpoint's name."""
    told = own_address(ANY[host]) if host in ANY else host
    told = f"[{told}]" if ":" in told else told
    return f"{'https' if tls else 'http'}://{told}:{port}{plan.root_path}"


def bound_port(runner: Any) -> int:
    """Return the port that the system chose, or that was asked for."""
    return int(runner.addresses[0][1])
