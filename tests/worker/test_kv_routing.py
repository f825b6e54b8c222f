"""Two workers and a frontend that knows what each of them has cached."""

import random
from pathlib import Path

import pytest

from tests.worker.processes import StartWorker, Worker

pytestmark = pytest.mark.e2e

BLOCK = 16
PREFIX_BLOCKS = 10


def two_workers(start_worker: StartWorker, store: Path, mode: str) -> Worker:
    """Start two workers that share a store; return the one with the frontend."""
    shared = ("store=file", f"store.path={store}", f"frontend.router_mode={mode}")
    start_worker("frontend=none", *shared)
    return start_worker(*shared)


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
    frontend = two_workers(start_worker, tmp_path / "store", "kv")
    asked = prompts(8)
    first = [cached(frontend, prompt) for prompt in asked]
    later = [cached(frontend, prompt) for _ in range(3) for prompt in asked]
    assert first == [0] * 8
    assert later == [PREFIX_BLOCKS * BLOCK] * 24


def test_round_robin_knows_nothing_of_prefixes(start_worker: StartWorker, tmp_path: Path) -> None:
    frontend = two_workers(start_worker, tmp_path / "store", "round-robin")
    asked = prompts(7)  # an odd number: each comes to the other worker the second time
    assert [cached(frontend, prompt) for _ in range(2) for prompt in asked] == [0] * 14
