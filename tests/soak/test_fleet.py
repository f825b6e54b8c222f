"""A whole fleet under load for as long as SOAK_SECONDS says, then Ctrl-C in the midst of it."""

import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import util
from pathlib import Path
from threading import Event

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.deployment import Running, fleet_command, run
from tests.e2e.tiny_llama import CONTEXT, vllm_settings, write_tiny_llama
from tests.soak.conftest import Record
from tests.soak.memory import anonymous_memory
from tests.soak.report import fleet_text
from tests.worker.tiny_model import WORDS

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
CLIENTS = 8
MODEL = "tiny"
NIXL = (
    "connector=nixl", "backend.nixl_side_channel_host=127.0.0.1",
    "fleet.prefill.overrides=['connector.chain.nixl.kv_role=kv_producer']",
    "fleet.decode.overrides=['connector.chain.nixl.kv_role=kv_consumer']",
)  # fmt: skip
PAIRS = ("fleet.aggregated.replicas=0", "fleet.prefill.replicas=2", "fleet.decode.replicas=2")
KINDS = ("simulated", "aggregated", "example", "nixl")
GROWTH = 1.3
"""How much the processes may have grown since they were warm."""


def settings(model: Path, kind: str) -> tuple[str, ...]:
    if kind == "simulated":
        return (
            "backend=mocker", f"model.path={model}", f"model.served_name={MODEL}",
            f"backend.engine.max_model_len={CONTEXT}", f"backend.engine.vocab_size={len(WORDS)}",
            *PAIRS,
        )  # fmt: skip
    return vllm_settings(model)


def ask(http: httpx.Client, url: str, number: int) -> str:
    """Return `answered`, or what went wrong; an answer has all its tokens."""
    words = random.Random(number)
    prompt = " ".join(words.choice(WORDS[3:]) for _ in range(words.randrange(20, 500)))
    body = {"model": MODEL, "prompt": prompt, "max_tokens": 16, "ignore_eos": True}
    try:
        answer = http.post(f"{url}/v1/completions", json=body)
    except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
        return "not accepted"
    if answer.status_code != 200 or answer.json()["usage"]["completion_tokens"] != 16:
        return f"failed: {answer.status_code} {answer.text[:200]}"
    return "answered"


def client(url: str, number: int, stop: Event) -> list[str]:
    """Ask one question after the other until told to stop, or until nothing is accepted."""
    results: list[str] = []
    # A connection kept for the next request may be closed just when that is sent.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(timeout=120, limits=limits) as http:
        while not stop.is_set() and (not results or results[-1] == "answered"):
            results.append(ask(http, url, number * 100_000 + len(results)))
    return results


def memory(fleet: Running) -> int:
    """Return the bytes that all processes of the fleet hold."""
    family = psutil.Process(fleet.process.pid).children(recursive=True)
    return sum(anonymous_memory(each.pid) for each in family)


@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fleet_serves_without_a_loss_and_stops_under_load(
    tmp_path: Path, kind: str, record: Record
) -> None:
    if kind == "nixl" and util.find_spec("nixl") is None:
        pytest.skip("NIXL is not installed: pip install --no-deps nixl nixl-cu12")
    files = "connector.chain.example.kv_connector_extra_config.shared_storage_path"
    parts = {
        "example": (*PAIRS, "connector=example", f"{files}={tmp_path / 'kv'}"),
        "nixl": (*PAIRS, *NIXL),
    }.get(kind, ())
    model = write_tiny_llama(tmp_path / MODEL)
    fleet = run(fleet_command(tmp_path, *settings(model, kind), *parts), tmp_path)
    fleet.wait_for(r"fleet +\| ready: ", 400)
    members = psutil.Process(fleet.process.pid).children(recursive=True)
    with ThreadPoolExecutor(CLIENTS) as pool:
        stop = Event()
        clients = [pool.submit(client, fleet.url, each, stop) for each in range(CLIENTS)]
        time.sleep(min(20, SECONDS / 3))
        warm = memory(fleet)
        time.sleep(SECONDS)
        grown = memory(fleet) / warm
        os.killpg(fleet.process.pid, signal.SIGINT)
        results = Counter(result for each in clients for result in each.result())
    record(f"fleet {kind}", fleet_text(kind, SECONDS, results, grown))
    assert fleet.process.wait(120) == 0, fleet.log.read_text()
    assert set(results) <= {"answered", "not accepted"}
    # What the frontend had begun with was answered: each request goes to one worker, or to two.
    routed = (fleet.directory / "frontend-0.log").read_text().count("route request completed")
    assert routed == results["answered"] * (1 if kind == "aggregated" else 2)
    assert results["answered"] > CLIENTS
    assert grown < GROWTH
    _gone, alive = psutil.wait_procs(members, timeout=20)
    assert alive == []
