"""Prefill and decode as two real vLLM processes: the KV cache really moves, the answers stay."""

import random
import socket
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import httpx
import pytest
from safetensors.numpy import load_file, save_file

from tests.e2e.deployment import Running, fleet_command, run
from tests.e2e.tiny_llama import vllm_settings, write_tiny_llama
from tests.worker.tiny_model import WORDS

MODEL = "tiny"
BLOCK = 32
LENGTHS = (200, 257, 300, 411, 500)
FILES = "connector.chain.example.kv_connector_extra_config.shared_storage_path"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with random weights."""
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    return write_tiny_llama(tmp_path_factory.mktemp("models") / MODEL)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory through which the pair hands its KV cache over."""
    return tmp_path_factory.mktemp("kv")


@pytest.fixture(scope="module")
def status_port() -> int:
    """Return a port for the decode worker's status server, which must be below 32768."""
    return next(port for port in range(29000, 32767) if not _is_taken(port))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def fleets(
    model: Path, storage: Path, status_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Running]]:
    """Start a pair and a whole worker side by side, each behind a frontend of its own."""
    # Without a prefix cache of its own, a decode worker fetches every prompt.
    own = [
        f"runtime.system_port={status_port}",
        "backend.engine.enable_prefix_caching=false",
    ]
    pair = (
        "fleet.aggregated.replicas=0", "fleet.prefill.replicas=1", "fleet.decode.replicas=1",
        f"fleet.decode.overrides={own}", "connector=example", f"{FILES}={storage}",
    )  # fmt: skip
    shared = vllm_settings(model)
    folders = [tmp_path_factory.mktemp("fleet") for _ in range(2)]
    running = [
        run(fleet_command(folders[0], *shared, *pair), folders[0]),
        run(fleet_command(folders[1], *shared, "fleet.aggregated.replicas=1"), folders[1]),
    ]
    try:
        for each in running:
            each.wait_for(r"fleet +\| ready: ", 240)
        yield running[0], running[1]
        for each in running:
            each.process.terminate()
        assert [each.process.wait(60) for each in running] == [0, 0]
    finally:
        for each in running:
            each.process.kill()


def prompt(length: int) -> str:
    words = random.Random(length)
    return " ".join(words.choice(WORDS[3:]) for _ in range(length))


def answer(fleet: Running, length: int) -> str:
    """Return the greedy answer to a prompt of so many tokens."""
    body = {
        "model": MODEL, "prompt": prompt(length), "max_tokens": 16, "temperature": 0,
        "ignore_eos": True,
    }  # fmt: skip
    found = httpx.post(f"{fleet.url}/v1/completions", json=body, timeout=120)
    assert found.status_code == 200, found.text
    assert found.json()["usage"]["prompt_tokens"] == length
    return str(found.json()["choices"][0]["text"])


def flip(storage: Path) -> None:
    """Negate everything that was handed over."""
    for file in storage.rglob("*.safetensors"):
        save_file({name: -tensor for name, tensor in load_file(file).items()}, file)


def test_r134_a_pair_answers_as_one_worker(fleets: tuple[Running, Running]) -> None:
    pair, whole = fleets
    assert [answer(pair, each) for each in LENGTHS] == [answer(whole, each) for each in LENGTHS]
    assert len({answer(whole, each) for each in LENGTHS}) == len(LENGTHS)


def test_r134_the_decode_worker_computes_with_what_was_handed_over(
    fleets: tuple[Running, Running], storage: Path
) -> None:
    pair, _whole = fleets
    before = answer(pair, LENGTHS[0])
    flip(storage)
    changed = answer(pair, LENGTHS[0])
    flip(storage)
    assert changed != before
    assert answer(pair, LENGTHS[0]) == before


def test_r134_the_engine_counts_the_tokens_that_came_from_outside(
    fleets: tuple[Running, Running], status_port: int
) -> None:
    pair, _whole = fleets

    def external() -> float:
        text = httpx.get(f"http://127.0.0.1:{status_port}/metrics").text
        lines = [line for line in text.splitlines() if "prompt_tokens_by_source_total{" in line]
        found = [line for line in lines if 'source="external_kv_transfer"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)

    before = external()
    answer(pair, 333)
    assert external() - before == (333 - 2) // BLOCK * BLOCK
