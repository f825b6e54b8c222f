"""The http request plane between real processes: worker, frontend, failures."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e.fleet import MODEL, Fleet, Process

HTTP = ("request_plane=http", "request_plane.http_port=0")


@pytest.fixture
def fleet(tmp_path: Path, tiny_model: Path) -> Iterator[Fleet]:
    """Return a fleet without members whose store is a directory."""
    shared = (*HTTP, "store=file", f"store.path={tmp_path / 'store'}")
    members = Fleet(tmp_path, tiny_model, shared)
    yield members
    members.close()


def listening(process: Process) -> list[str]:
    """Return the addresses on which a process listens."""
    table = subprocess.run(
        ["/usr/bin/env", "ss", "-ltnpH"], capture_output=True, text=True, check=True
    ).stdout
    return [line.split()[3] for line in table.splitlines() if f"pid={process.pid}," in line]


def streamed_tokens(fleet: Fleet, **body: object) -> int:
    """Return how many tokens a streamed answer has; it must be complete."""
    asked = {
        "model": MODEL, "prompt": "w1", "max_tokens": 60, "ignore_eos": True, "stream": True,
        "stream_options": {"include_usage": True}, **body,
    }  # fmt: skip
    answer = httpx.post(f"{fleet.url}/v1/completions", json=asked, timeout=60)
    lines = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    return int(json.loads(lines[-2].removeprefix("data: "))["usage"]["completion_tokens"])


def test_r22_one_process_answers_over_http_on_loopback_only(
    tmp_path: Path, tiny_model: Path
) -> None:
    members = Fleet(tmp_path, tiny_model, HTTP)
    try:
        worker = members.worker(*members.embedded_frontend())
        answer = members.complete()
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] == 8
        addresses = listening(worker)
        assert addresses
        assert all(address.startswith("127.0.0.1:") for address in addresses)
        assert worker.end() == 0
    finally:
        members.close()


def test_a_model_is_listed_exactly_while_a_worker_serves_it(fleet: Fleet) -> None:
    fleet.frontend()
    for _generation in range(2):
        worker = fleet.worker()
        fleet.wait_until_listed()
        assert fleet.complete().status_code == 200
        assert worker.end() == 0
        fleet.wait_until_listed(False)
        assert fleet.complete().status_code == 404


def test_workers_are_asked_in_turn(fleet: Fleet) -> None:
    fleet.frontend()
    for seed in (1, 2):
        fleet.worker(seed=seed)
    fleet.wait_until_listed()
    texts = [fleet.complete().json()["choices"][0]["text"] for _ in range(6)]
    assert len(set(texts)) == 2
    assert texts == [texts[0], texts[1]] * 3


def test_a_killed_worker_costs_no_later_request_and_is_forgotten(fleet: Fleet) -> None:
    fleet.frontend()
    killed, other = fleet.worker(), fleet.worker()
    fleet.wait_until_listed()
    killed.end(signal.SIGKILL)
    assert [fleet.complete().status_code for _ in range(8)] == [200] * 8
    other.end(signal.SIGKILL)
    begin = time.monotonic()
    fleet.wait_until_listed(False)
    assert time.monotonic() - begin < 20  # the runtime's lease is 10 s


def test_r37_a_stream_that_a_killed_worker_cut_off_is_completed_by_another(fleet: Fleet) -> None:
    fleet.frontend("runtime.migration_limit=3")
    workers = [fleet.worker(decode_step_seconds=0.05) for _ in range(2)]
    fleet.wait_until_listed()
    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(streamed_tokens, fleet) for _ in range(2)]
        time.sleep(1.0)
        workers[0].end(signal.SIGKILL)
        assert [stream.result() for stream in streams] == [60, 60]


@pytest.mark.parametrize("ended", ["worker", "frontend"])
def test_r117_sigterm_during_streams_loses_none(fleet: Fleet, ended: str) -> None:
    members = {"frontend": fleet.frontend(), "worker": fleet.worker(decode_step_seconds=0.05)}
    fleet.wait_until_listed()
    with ThreadPoolExecutor(8) as pool:
        streams = [pool.submit(streamed_tokens, fleet) for _ in range(8)]
        time.sleep(1.0)
        assert members[ended].end() == 0
        assert [stream.result() for stream in streams] == [60] * 8


def test_r115_a_client_that_leaves_makes_room_for_the_next(fleet: Fleet) -> None:
    """One place, 200 tokens of 50 ms each: ten seconds if the engine went on."""
    fleet.frontend()
    fleet.worker(max_num_seqs=1, decode_step_seconds=0.05)
    fleet.wait_until_listed()
    body = {"model": MODEL, "prompt": "w1", "max_tokens": 200, "stream": True}
    with httpx.stream("POST", f"{fleet.url}/v1/completions", json=body) as answer:
        next(answer.iter_lines())
    assert fleet.complete(seconds=3, max_tokens=2).status_code == 200


def test_a_full_worker_passes_a_request_to_the_next_and_the_last_says_503(fleet: Fleet) -> None:
    fleet.frontend()
    for _ in range(2):
        fleet.worker("request_plane.http_max_requests=1", decode_step_seconds=0.1)
    fleet.wait_until_listed()
    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(streamed_tokens, fleet) for _ in range(2)]
        time.sleep(1.0)
        refused = fleet.complete()
        assert refused.status_code == 503
        assert [stream.result() for stream in streams] == [60, 60]
    assert fleet.complete().status_code == 200


def test_what_the_worker_refuses_reaches_the_client_in_its_words(fleet: Fleet) -> None:
    fleet.frontend()
    fleet.worker()
    fleet.wait_until_listed()
    refused = fleet.complete(prompt="w1 " * 300)
    assert refused.status_code == 400
    assert "has 300 tokens; the model's context holds 256" in refused.text


def test_two_frontends_serve_the_same_workers_without_seeing_each_other(fleet: Fleet) -> None:
    first = fleet.frontend()
    fleet.worker()
    fleet.wait_until_listed()
    fleet.frontend()
    fleet.wait_until_listed()
    first.end(signal.SIGKILL)
    assert [fleet.complete().status_code for _ in range(4)] == [200] * 4


def test_r134_prefill_and_decode_workers_meet_over_http(fleet: Fleet) -> None:
    fleet.frontend()
    prefill, _decode = (fleet.worker(f"role={role}") for role in ("prefill", "decode"))
    fleet.wait_until_listed()
    assert fleet.complete().json()["usage"]["completion_tokens"] == 8
    assert prefill.end() == 0
    fleet.wait_until_refused()
