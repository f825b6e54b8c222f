"""A real NATS server with JetStream."""

import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from dynamo.worker.preflight.ports import free_port


@dataclass
class NatsServer:
    """A server that can be stopped and started again with what it stored."""

    directory: Path
    port: int = field(default_factory=lambda: free_port("127.0.0.1"))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = Path(sys.executable).parent / "nats-server"
        with (self.directory / "nats.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-js", "-a", "127.0.0.1", "-p", str(self.port),
                 "-sd", self.directory / "jetstream"],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while not self._listens():
            assert self.process.poll() is None, (self.directory / "nats.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
