"""The OpenAI frontend as a process of its own, before workers on the tcp plane."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import httpx
import pytest

from tests.e2e.fleet import MODEL, Fleet

TOKENS = 40


@pytest.fixture
def tcp(tmp_path: Path, tiny_model: Path) -> Iterator[Fleet]:
    """Return a fleet without servers."""
    fleet = Fleet(tmp_path, tiny_model, ("store=file", f"store.path={tmp_path / 'store'}"))
    yield fleet
    fleet.close()


def stream(url: str, number: int, begun: Semaphore) -> int:
    """Return how many tokens arrive for one streamed request; `begun` counts first tokens."""
    body: dict[str, Any] = {
        "model": MODEL, "prompt": f"w{number}", "max_tokens": TOKENS, "stream": True,
        "ignore_eos": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    with httpx.stream("POST", f"{url}/v1/completions", json=body, timeout=30) as answer:
        lines: list[str] = []
        for line in filter(None, answer.iter_lines()):
            if not lines:
                begun.release()
            lines.append(line)
    assert lines[-1] == "data: [DONE]"
    return int(json.loads(lines[-2].removeprefix("data: "))["usage"]["completion_tokens"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_r117_a_frontend_finishes_what_it_accepted(tcp: Fleet, number: signal.Signals) -> None:
    tcp.worker(decode_step_seconds=0.03)
    frontend = tcp.frontend()
    tcp.wait_until_listed()
    with ThreadPoolExecutor(8) as pool:
        begun = Semaphore(0)
        streams = [pool.submit(stream, tcp.url, each, begun) for each in range(8)]
        assert all(begun.acquire(timeout=20) for _ in streams)
        assert frontend.end(number) == 0
        assert [each.result() for each in streams] == [TOKENS] * 8


def test_a_second_signal_ends_a_frontend_at_once(tcp: Fleet) -> None:
    tcp.worker(decode_step_seconds=1)
    frontend = tcp.frontend()
    tcp.wait_until_listed()
    with ThreadPoolExecutor(1) as pool:
        begun = Semaphore(0)
        cut = pool.submit(stream, tcp.url, 1, begun)
        assert begun.acquire(timeout=20)
        frontend.process.send_signal(signal.SIGTERM)
        with pytest.raises(Exception, match="timed out"):
            frontend.process.wait(1)
        assert frontend.end(seconds=5) == 0
        assert cut.exception() is not None


def test_r19_models_of_another_namespace_are_not_served(tcp: Fleet) -> None:
    tcp.worker("runtime.namespace=other", "model.served_name=other")
    tcp.worker("runtime.namespace=own")
    tcp.frontend("runtime.namespace=own")
    tcp.wait_until_listed()
    listed = httpx.get(f"{tcp.url}/v1/models").json()["data"]
    assert [model["id"] for model in listed] == [MODEL]
