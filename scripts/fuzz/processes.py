"""The real processes that are asked: workers and a frontend that meet in a store of files."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from scripts.bench.common import ROOT, free_port, running
from scripts.fuzz.samples import MODEL
from tests.e2e.tiny_llama import write_tiny_llama
from tests.worker.tiny_model import WORDS, write_tiny_model

START_SECONDS = 240
HIGHEST_STATUS_PORT = 32767
CONTEXT = 64
PLACES = 32
"""Requests that the http plane takes at once."""
LARGEST_BODY = 1_000_000
SIMULATED = (
    "backend=mocker", f"backend.engine.max_model_len={CONTEXT}", "backend.engine.max_num_seqs=64",
    f"backend.engine.vocab_size={len(WORDS)}", "backend.engine.decode_step_seconds=0.0001",
    "backend.engine.num_gpu_blocks=512", "backend.engine.max_num_batched_tokens=512",
)  # fmt: skip
REAL = (
    "backend=vllm", "backend.device=cpu", "backend.engine.max_model_len=256",
    "backend.engine.max_num_seqs=16", "backend.engine.dtype=float32",
    "backend.environment.VLLM_CPU_KVCACHE_SPACE=1", "backend.environment.OMP_NUM_THREADS=1",
)  # fmt: skip


@dataclass(frozen=True)
class Worker:
    """A running process, and where it listens."""

    name: str
    process: psutil.Process
    log: Path
    ports: dict[str, int]

    @property
    def namespace(self) -> str:
        return f"fuzz-{self.name}"

    def family(self) -> list[psutil.Process]:
        """Return the process and those that it started."""
        return [self.process, *self.process.children(recursive=True)]


@dataclass
class Stage:
    """Starts processes in one directory; they end with the stack."""

    directory: Path
    engine: str
    stack: ExitStack
    model: Path = field(init=False)
    _ports: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self._ports = _status_ports()
        write = write_tiny_llama if self.engine == "vllm" else write_tiny_model
        self.model = write(self.directory / MODEL)

    @property
    def shared(self) -> list[str]:
        """Return what all processes have in common."""
        return ["store=file", f"store.path={self.directory / 'store'}", "event_plane=zmq"]

    def worker(self, name: str, *overrides: str) -> Worker:
        """Start a worker without a frontend; it need not be ready yet."""
        engine = REAL if self.engine == "vllm" else SIMULATED
        ports = {"status": next(self._ports), "control": free_port(), "http": free_port()}
        return self._start(
            name, ports, *engine, "frontend=none", f"model.path={self.model}",
            f"model.served_name={MODEL}-{name}", f"runtime.namespace=fuzz-{name}",
            f"runtime.system_port={ports['status']}", f"control.port={ports['control']}",
            f"request_plane.http_port={ports['http']}", *overrides,
        )  # fmt: skip

    def frontend(self) -> Worker:
        """Start a frontend for all workers."""
        port = free_port()
        return self._start(
            "frontend", {"http": port}, "action=frontend", "backend=mocker", "frontend=embedded",
            f"frontend.port={port}", "runtime.namespace_prefix=fuzz",
        )  # fmt: skip

    def adapter(self) -> Path:
        """Return a directory that looks like an adapter."""
        directory = self.directory / "adapter"
        directory.mkdir(exist_ok=True)
        (directory / "adapter_config.json").write_text("{}")
        return directory

    def _start(self, name: str, ports: dict[str, int], *overrides: str) -> Worker:
        log = self.directory / f"{name}.log"
        command = [sys.executable, str(ROOT / "launch.py"), *overrides, *self.shared]
        process = self.stack.enter_context(running(command, environment(), log))
        return Worker(name, psutil.Process(process.pid), log, ports)


@contextmanager
def stage(directory: Path, engine: str) -> Iterator[Stage]:
    """Return a place for processes, which are ended with the block."""
    with ExitStack() as stack:
        yield Stage(directory, engine, stack)


def wait_until_ready(workers: Sequence[Worker]) -> None:
    """Return when all say so.

    Raises:
        RuntimeError: one ended before, or takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    for worker in workers:
        while "ready: " not in worker.log.read_text():
            if not is_alive(worker) or time.monotonic() > deadline:
                raise RuntimeError(f"{worker.name} does not start:\n{worker.log.read_text()}")
            time.sleep(0.05)


def is_alive(worker: Worker) -> bool:
    """Whether the process runs."""
    try:
        return bool(worker.process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def environment() -> dict[str, str]:
    """Return this process's environment without its Dynamo settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DYN_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def _status_ports() -> Iterator[int]:
    """Yield free ports that the status server can have, each once."""
    for port in range(21_000 + os.getpid() % 5_000, HIGHEST_STATUS_PORT):
        with socket.socket() as probe:
            is_free = probe.connect_ex(("127.0.0.1", port)) != 0
        if is_free:
            yield port
