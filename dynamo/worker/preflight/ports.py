"""Ports that the worker will listen on: free, or held by whom."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem


def check_ports(plan: LaunchPlan) -> list[Problem]:
    """Try to bind each port that was chosen; 0 and -1 are left to the system or off."""
    return [
        problem
        for path, host, port in _chosen_ports(plan)
        if port > 0
        for problem in _check_port(path, host, port)
    ]


def check_frontend_port(plan: LaunchPlan) -> list[Problem]:
    """Try to bind the port of the frontend alone."""
    chosen = plan.frontend
    return list(_check_port("frontend.port", chosen.host, chosen.port)) if chosen else []


def _chosen_ports(plan: LaunchPlan) -> Iterator[tuple[str, str, int]]:
    environment = plan.runtime.environment
    if plan.frontend is not None:
        yield "frontend.port", plan.frontend.host, plan.frontend.port
    if plan.control is not None:
        yield "control.port", plan.control.host, plan.control.port
    any_host = "0.0.0.0"  # noqa: S104 - what the runtime listens on when no host is given
    tcp_host = environment.get("DYN_TCP_RPC_HOST", any_host)
    yield "request_plane.tcp_port", tcp_host, int(environment.get("DYN_TCP_RPC_PORT", 0))
    http = plan.runtime.http
    if http is not None:
        yield "request_plane.http_port", http.host or any_host, http.port
    system_host = environment.get("DYN_SYSTEM_HOST", any_host)
    yield "runtime.system_port", system_host, int(environment.get("DYN_SYSTEM_PORT", -1))


def _check_port(path: str, host: str, port: int) -> Iterator[Problem]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            yield Problem(path, port, "needs root", "1024 to 65535")
        except socket.gaierror:
            yield Problem(path, f"{host}:{port}", "has a host that cannot be resolved")
        except OSError as error:
            holder = port_holder(port)
            held = f"held by {holder}" if holder else str(error.strerror).lower()
            meant = f"{path}={free_port(host)}"
            yield Problem(path, port, f"is taken on {host}: {held}", "a free port", meant)


def free_port(host: str) -> int:
    """Return a port that is free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            probe.bind(("", 0))
        return int(probe.getsockname()[1])


def port_holder(port: int) -> str:
    """Return `name (pid N)` of the process that listens on a TCP port; empty when unknown."""
    inodes = set(listening_inodes(port))
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        if wanted.intersection(_open_files(process)):
            return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _open_files(process: Path) -> Iterator[str]:
    try:
        for handle in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                yield str(handle.readlink())
    except OSError:  # another user's process, or gone
        return


def listening_inodes(port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a TCP port of this machine."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = re.split(r"\s+", line.strip())
            listening = columns[3] == "0A"
            if listening and int(columns[1].rsplit(":", 1)[1], 16) == port:
                yield columns[9]
