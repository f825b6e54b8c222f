"""A NATS server that is killed and comes back with what it stored."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dynamo.worker.preflight.ports import free_port
from tests.e2e.state_servers import LOCALHOST, Certificates, running_nats


@dataclass
class NatsServer:
    """A server at one port; `start` it first."""

    directory: Path
    authorization: str = ""
    certificates: Certificates | None = None
    settings: str = ""
    port: int = field(default_factory=lambda: free_port(LOCALHOST))
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"nats://{LOCALHOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._running.enter_context(
            running_nats(
                self.directory,
                self.authorization,
                self.certificates,
                verify=self.certificates is not None,
                port=self.port,
                settings=self.settings,
            )
        )

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._running.close()


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that tells nobody."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
