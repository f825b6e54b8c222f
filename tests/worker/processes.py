"""Start `python launch.py backend=mocker` as a process and talk to it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.worker.tiny_model import WORDS

ROOT = Path(__file__).parents[2]
MODEL = "tiny"


@dataclass
class Worker:
    """A running `python launch.py` and the address of its frontend."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def complete(self, seconds: float = 30, **body: object) -> httpx.Response:
        """Ask for a completion of `w1 w2 w3` unless the body says otherwise."""
        question = {
            "model": MODEL, "prompt": "w1 w2 w3", "max_tokens": 8, "ignore_eos": True, **body,
        }  # fmt: skip
        return httpx.post(f"{self.url}/v1/completions", json=question, timeout=seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


StartWorker = Callable[..., Worker]


def launch(model: Path, log: Path, *overrides: str, **engine: object) -> Worker:
    """Start a worker process; `engine` are arguments of the mock engine."""
    port = free_port("127.0.0.1")
    arguments = {"vocab_size": len(WORDS), "max_model_len": 256, **engine}
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                str(ROOT / "launch.py"),
                "backend=mocker",
                f"model.path={model}",
                f"model.served_name={MODEL}",
                f"frontend.port={port}",
                *(f"backend.engine.{name}={value}" for name, value in arguments.items()),
                *overrides,
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    return Worker(process, f"http://127.0.0.1:{port}", log)


def wait_until_ready(worker: Worker, seconds: float = 60) -> None:
    """Return when the worker says so; fail with its output when it ends before."""
    wait_until_printed(worker, "ready: ", seconds)


def wait_until_printed(worker: Worker, words: str, seconds: float = 60) -> None:
    """Return when the words were printed; fail with the output when the worker ends before."""
    deadline = time.monotonic() + seconds
    while words not in worker.log.read_text():
        if worker.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{words!r} was not printed:\n{worker.log.read_text()}")
        time.sleep(0.05)


def low_free_port() -> int:
    """Return a port that the status server can have: its numbers end at 32767."""
    for port in range(20000, 32768):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise OSError("no free port below 32768")
