"""Start `python launch.py deployment=fleet` and look at its processes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.e2e.fleet import ROOT


@dataclass
class Running:
    """A fleet, its address, and what it printed."""

    process: subprocess.Popen[str]
    url: str
    directory: Path
    log: Path

    def wait_for(self, words: str, seconds: float = 60) -> None:
        """Return when the words were printed; fail with the output when the fleet ends before."""
        deadline = time.monotonic() + seconds
        while not re.search(words, self.log.read_text()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{words!r} was not printed:\n{self.log.read_text()}")
            time.sleep(0.05)

    def member(self, name: str) -> psutil.Process:
        """Return a process of the fleet by its role."""
        kind, number = name.split("-")
        role = "action=frontend" if kind == "frontend" else f"role={kind}"
        found = [each for each in self.members() if role in each.cmdline()]
        return found[int(number)]

    def members(self) -> list[psutil.Process]:
        """Return all that serve, in the order in which they were started."""
        children = psutil.Process(self.process.pid).children()
        serving = [each for each in children if str(ROOT / "launch.py") in each.cmdline()]
        return sorted(serving, key=lambda each: each.pid)

    def ctrl_c(self) -> None:
        """Do what a terminal does: interrupt the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)


def fleet_command(folder: Path, *overrides: str) -> list[str]:
    """Return the command of a fleet with a port and a directory of its own."""
    chosen = [text for text in overrides if text.startswith("frontend.port=")]
    port = [] if chosen else [f"frontend.port={free_port('127.0.0.1')}"]
    return [
        sys.executable, str(ROOT / "launch.py"), "deployment=fleet",
        f"fleet.directory={folder / 'run'}", "fleet.restart_delay_seconds=0.1", *port, *overrides,
    ]  # fmt: skip


def run(command: Sequence[str], folder: Path, **environment: str) -> Running:
    """Start a fleet; it is not ready yet."""
    (port,) = [text.partition("=")[2] for text in command if text.startswith("frontend.port=")]
    log = folder / "fleet.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, start_new_session=True,
        )  # fmt: skip
    return Running(process, f"http://127.0.0.1:{port}", folder / "run", log)
