"""Rules about the control routes of a running worker."""

import ipaddress
from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config


def control_is_guarded(config: Config) -> Iterator[Problem]:
    """Whoever reaches the control routes can change the worker: beyond this machine only with a
    token."""
    control = config.control
    if control.port >= 0 and not control.token and not is_loopback(control.host):
        yield Problem(
            "control.host",
            control.host,
            "lets other machines change this worker, and no token is asked for",
            "a loopback address, or any address together with control.token",
            "control.host=127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
