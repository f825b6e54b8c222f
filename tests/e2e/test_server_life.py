"""How a real server ends: asked to, or because its engine died. Nothing stays behind."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.backends import SGLANG, VLLM, Backend, installed
from tests.e2e.engines import shared_memory
from tests.e2e.servers import MODEL, Server, running_server

STREAMS = 16
TOKENS = 48


@contextmanager
def server_that_ends(log: Path, backend: Backend, *overrides: str) -> Iterator[Server]:
    """Yield a server; when the block has ended it, nothing of it must be left."""
    with running_server(log, *overrides, backend=backend) as server:
        descendants = psutil.Process(server.process.pid).children(recursive=True)
        segments = shared_memory(psutil.Process(server.process.pid))
        yield server
        assert server.process.poll() is not None
        _gone, alive = psutil.wait_procs(descendants, timeout=10)
        assert not alive
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.port)) != 0
    assert not any(segment.exists() for segment in segments)
    assert [path.name for path in log.parent.iterdir() if path != log] == []


def stream(server: Server, begun: Semaphore, max_tokens: int = TOKENS) -> int:
    """Return how many tokens arrive for one streamed request; `begun` counts first tokens."""
    body: dict[str, Any] = {
        "model": MODEL, "prompt": "Once upon a time", "max_tokens": max_tokens, "temperature": 1,
        "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    url = f"{server.url}/v1/completions"
    with httpx.stream("POST", url, json=body, timeout=120) as answer:
        lines: list[str] = []
        for line in filter(None, answer.iter_lines()):
            if not lines:
                begun.release()
            lines.append(line)
    assert lines[-1] == "data: [DONE]"
    return int(json.loads(lines[-2].removeprefix("data: "))["usage"]["completion_tokens"])


def test_r117_sigterm_during_streams_loses_none(
    smollm2: Path, backend: Backend, short_directory: Path
) -> None:
    with (
        server_that_ends(short_directory / "server.log", backend) as server,
        ThreadPoolExecutor(STREAMS) as pool,
    ):
        begun = Semaphore(0)
        streams = [pool.submit(stream, server, begun) for _ in range(STREAMS)]
        assert all(begun.acquire(timeout=120) for _ in streams)
        assert server.end(signal.SIGTERM) == 0
        assert [each.result() for each in streams] == [TOKENS] * STREAMS


@pytest.mark.parametrize(
    ("backend", "overrides"),
    [
        (VLLM, ["+backend.engine.distributed_executor_backend=uni"]),
        (VLLM, ["+backend.engine.distributed_executor_backend=mp"]),
        (SGLANG, []),
    ],
    ids=["vllm-uni", "vllm-mp", "sglang"],
)
def test_r116_a_killed_engine_ends_the_worker_with_status_1(
    smollm2: Path, short_directory: Path, backend: Backend, overrides: list[str]
) -> None:
    log = short_directory / "server.log"
    with (
        server_that_ends(log, installed(backend), *overrides) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        begun = Semaphore(0)
        cut = pool.submit(stream, server, begun, 900)
        assert begun.acquire(timeout=120)
        server.engine_core().kill()
        killed = time.monotonic()
        assert server.process.wait(30) == 1
        assert time.monotonic() - killed < 10
        assert cut.exception() is not None
    assert "the engine died" in server.log.read_text()


def test_ctrl_c_reaches_the_worker_alone(
    smollm2: Path, backend: Backend, short_directory: Path
) -> None:
    """A terminal sends SIGINT to the whole process group: the engine must not take it."""
    with (
        server_that_ends(short_directory / "server.log", backend) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        assert os.getpgid(server.engine_core().pid) != os.getpgid(server.process.pid)
        begun = Semaphore(0)
        answered = pool.submit(stream, server, begun)
        assert begun.acquire(timeout=120)
        assert server.end(signal.SIGINT) == 0
        assert answered.result() == TOKENS
