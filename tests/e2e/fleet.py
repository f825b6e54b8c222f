"""Workers and a frontend as processes of their own that meet in a store."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.worker.tiny_model import WORDS

ROOT = Path(__file__).parents[2]
MODEL = "tiny"
START_SECONDS = 90
ENGINE = {"vocab_size": len(WORDS), "max_model_len": 256}


def mock_settings(model: Path) -> tuple[str, ...]:
    """Return overrides for a worker with the mock engine."""
    engine = (f"backend.engine.{name}={value}" for name, value in ENGINE.items())
    return ("backend=mocker", f"model.path={model}", f"model.served_name={MODEL}", *engine)


@dataclass
class Process:
    """A running `python launch.py` and what it printed."""

    process: subprocess.Popen[str]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, words: str, seconds: float = START_SECONDS) -> None:
        """Return when the words were printed; fail with the output when the process ends before."""
        deadline = time.monotonic() + seconds
        while words not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{words!r} was not printed:\n{self.log.read_text()}")
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@dataclass
class Fleet:
    """Processes that share overrides and variables; all are ended with `close`."""

    directory: Path
    model: Path
    shared: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    url: str = ""
    """Of the frontend that was started last."""

    def worker(self, *overrides: str, ready: bool = True, **engine: object) -> Process:
        """Start a worker with the mock engine, without a frontend unless an override says so."""
        arguments = {**ENGINE, **engine}
        kind = () if "frontend=embedded" in overrides else ("frontend=none",)
        process = self.start(
            "backend=mocker",
            *kind,
            f"model.path={self.model}",
            f"model.served_name={MODEL}",
            *(f"backend.engine.{name}={value}" for name, value in arguments.items()),
            *overrides,
        )
        if ready:
            process.wait_for("ready: ")
        return process

    def embedded_frontend(self) -> tuple[str, ...]:
        """Return overrides that give a worker a frontend of its own."""
        port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{port}"
        return "frontend=embedded", f"frontend.port={port}"

    def frontend(self, *overrides: str, ready: bool = True) -> Process:
        """Start a frontend; models are listed as they are found."""
        process = self.start(
            "action=frontend", "backend=mocker", *self.embedded_frontend(), *overrides
        )
        if ready:
            process.wait_for("ready: ")
        return process

    def restart_frontend(self, port: str) -> Process:
        """Start a frontend on the port of one that has ended."""
        process = self.start(
            "action=frontend", "backend=mocker", "frontend=embedded", f"frontend.port={port}"
        )
        process.wait_for("ready: ")
        return process

    def wait_until_listed(self, listed: bool = True, seconds: float = 30) -> None:
        """Return when the frontend lists the model, or does so no longer."""
        deadline = time.monotonic() + seconds
        while (MODEL in httpx.get(f"{self.url}/v1/models").text) != listed:
            if time.monotonic() > deadline:
                pytest.fail("\n".join(each.log.read_text() for each in self.processes))
            time.sleep(0.05)

    def wait_until_refused(self, seconds: float = 30) -> None:
        """Return when a request is not answered any more."""
        deadline = time.monotonic() + seconds
        while self.complete().status_code == 200:
            if time.monotonic() > deadline:
                pytest.fail("\n".join(each.log.read_text() for each in self.processes))
            time.sleep(0.05)

    def complete(self, seconds: float = 30, **body: object) -> httpx.Response:
        """Ask for a completion of `w1 w2 w3` unless the body says otherwise."""
        question = {
            "model": MODEL, "prompt": "w1 w2 w3", "max_tokens": 8, "ignore_eos": True, **body,
        }  # fmt: skip
        return httpx.post(f"{self.url}/v1/completions", json=question, timeout=seconds)

    def close(self) -> None:
        """Kill what still runs."""
        for each in self.processes:
            each.process.kill()
            each.process.wait()

    def start(self, *overrides: str) -> Process:
        """Start a process of any kind."""
        log = self.directory / f"process-{len(self.processes)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "launch.py"), *overrides, *self.shared],
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
            )
        started = Process(process, log)
        self.processes.append(started)
        return started
