"""Start `python launch.py` with a real engine as a process of its own and talk to it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.e2e.backends import ROOT, VLLM, Backend

MODEL = "smollm2"
START_SECONDS = 180
ONE_THREAD = "backend.environment.OMP_NUM_THREADS=1"
"""Threads that wait for each other crawl on a busy machine."""
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]


@dataclass
class Server:
    """A running `python launch.py`, the address of its frontend, and what it printed."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    backend: Backend

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def chat(self, seconds: float = 120, **body: Any) -> httpx.Response:
        """Ask for the capital of France, greedily, unless the body says otherwise."""
        question = {
            "model": MODEL, "messages": FRANCE, "max_tokens": 24, "temperature": 0, **body,
        }  # fmt: skip
        return httpx.post(f"{self.url}/v1/chat/completions", json=question, timeout=seconds)

    def complete(self, seconds: float = 120, **body: Any) -> httpx.Response:
        """Complete a text of a few tokens, greedily, unless the body says otherwise."""
        question = {
            "model": MODEL, "prompt": "Once upon a time", "max_tokens": 8, "temperature": 0, **body,
        }  # fmt: skip
        return httpx.post(f"{self.url}/v1/completions", json=question, timeout=seconds)

    def engine_core(self) -> psutil.Process:
        """Return the process that computes."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        (core,) = [child for child in children if self.backend.process in child.name()]
        return core

    def end(self, number: signal.Signals, seconds: float = 60) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


def launch(log: Path, *overrides: str, backend: Backend = VLLM) -> Server:
    """Start a server; it is not ready yet."""
    port = free_port("127.0.0.1")
    command = [
        str(backend.python), str(ROOT / "launch.py"), *backend.server, ONE_THREAD,
        f"frontend.port={port}", f"model.served_name={MODEL}", *overrides,
    ]  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            # Its temporary files go where the test can see what stays.
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(log.parent)},
        )
    return Server(process, f"http://127.0.0.1:{port}", log, backend)


def wait_until_ready(server: Server) -> None:
    """Return when the server says so; fail with its output when it ends before."""
    deadline = time.monotonic() + START_SECONDS
    while "ready: " not in server.log.read_text():
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the server is not ready:\n{server.log.read_text()}")
        time.sleep(0.1)


@contextmanager
def running_server(log: Path, *overrides: str, backend: Backend = VLLM) -> Iterator[Server]:
    """Start a server and end it, whatever happens."""
    server = launch(log, *overrides, backend=backend)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        try:
            server.process.wait(60)
        except subprocess.TimeoutExpired:
            server.process.kill()
