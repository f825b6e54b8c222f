"""Two workers and a frontend that knows what each of them has cached."""

import random
import re
from pathlib import Path

import httpx
import pytest

from tests.worker.processes import StartWorker, Worker, low_free_port

pytestmark = pytest.mark.e2e

BLOCK = 16
PREFIX_BLOCKS = 10


def two_workers(start_worker: StartWorker, store: Path, mode: str) -> tuple[Worker, int]:
    """Start two workers that share a store; return the one with the frontend, and the port at
    which the other one says how many requests it has had."""
    shared = ("store=file", f"store.path={store}", f"frontend.router_mode={mode}")
    port = low_free_port()
    start_worker("frontend=none", f"runtime.system_port={port}", *shared)
    return start_worker(*shared), port


def requests_served(port: int) -> int:
    """Read from a worker's metrics how many requests for tokens it has had."""
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    found = re.findall(
        r'^dynamo_component_requests_total\{.*endpoint="generate".*\} (\d+)', metrics, re.MULTILINE
    )
    return sum(map(int, found))


def prompts(count: int) -> list[str]:
    """Return prompts that have nothing in common."""
    words = random.Random(1)
    return [
        " ".join(f"w{words.randrange(97)}" for _ in range(PREFIX_BLOCKS * BLOCK + 1))
        for _ in range(count)
    ]


def cached(worker: Worker, prompt: str) -> int:
    """Return how many tokens of a prompt came from a cache."""
    usage = worker.complete(prompt=prompt, max_tokens=2).json()["usage"]
    return int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)


def test_a_request_goes_to_the_worker_that_has_its_prefix(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    frontend, port = two_workers(start_worker, tmp_path / "store", "kv")
    asked = prompts(8)
    first = [cached(frontend, prompt) for prompt in asked]
    later = [cached(frontend, prompt) for _ in range(3) for prompt in asked]
    assert first == [0] * 8
    assert later == [PREFIX_BLOCKS * BLOCK] * 24
    assert 0 < requests_served(port) < len(first + later)


def test_round_robin_knows_nothing_of_prefixes(start_worker: StartWorker, tmp_path: Path) -> None:
    frontend, _port = two_workers(start_worker, tmp_path / "store", "round-robin")
    asked = prompts(7)  # an odd number: each comes to the other worker the second time
    assert [cached(frontend, prompt) for _ in range(2) for prompt in asked] == [0] * 14
