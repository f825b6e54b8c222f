"""Where a fault happens, and when a fleet counts as serving."""

from contextlib import ExitStack
from pathlib import Path

from tests.e2e.fleet import Fleet, Process

CLIENTS = 8
STEADY = 16
"""Good answers that show that a fleet serves."""


class Stage:
    """Where a fault happens: an empty directory, a model, and processes that end with it."""

    def __init__(self, directory: Path, model: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.model = model
        self.stack = stack

    def fleet(self, *shared: str, **environment: str) -> Fleet:
        """Return an empty fleet whose processes are killed in the end."""
        variables = {"DYN_FILE_KV": str(self.directory / "store"), **environment}
        fleet = Fleet(self.directory, self.model, shared, variables)
        self.stack.callback(fleet.close)
        return fleet

    def pair(
        self, *shared: str, workers: int = 1, **environment: str
    ) -> tuple[Fleet, list[Process]]:
        """Return a fleet that serves: some workers and a frontend."""
        fleet = self.fleet(*shared, **environment)
        started = [fleet.worker(decode_step_seconds=0.01) for _ in range(workers)]
        fleet.frontend()
        fleet.wait_until_listed()
        return fleet, started
