"""`deployment=fleet` as real processes around the mock engine: one command starts and stops all."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.deployment import Running, fleet_command, run
from tests.e2e.fleet import ENGINE, MODEL
from tests.e2e.test_frontend_process import TOKENS, stream

PAIR = ("fleet.aggregated.replicas=0", "fleet.prefill.replicas=2", "fleet.decode.replicas=2")


Start = Callable[..., Running]


@pytest.fixture
def start(tiny_model: Path, tmp_path: Path) -> Iterator[Start]:
    """Start fleets that are gone after the test, to the last process."""
    started: list[Running] = []

    def launch(*overrides: str, ready: bool = True, **engine: object) -> Running:
        folder = tmp_path / f"fleet-{len(started)}"
        folder.mkdir()
        arguments = {**ENGINE, **engine}
        settings = (
            "backend=mocker", f"model.path={tiny_model}", f"model.served_name={MODEL}",
            *(f"backend.engine.{name}={value}" for name, value in arguments.items()),
        )  # fmt: skip
        running = run(fleet_command(folder, *settings, *overrides), folder)
        started.append(running)
        if ready:
            running.wait_for(r"fleet +\| ready: ")
        return running

    yield launch
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(60)


def nothing_is_left(fleet: Running, members: list[psutil.Process]) -> None:
    """Assert that processes, port and store are gone, and that the logs are there."""
    _gone, alive = psutil.wait_procs(members, timeout=20)
    assert alive == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(fleet.url.rsplit(":", 1)[1]))) != 0
    assert not (fleet.directory / "store").exists()


def complete(fleet: Running) -> httpx.Response:
    """Ask for eight tokens."""
    body = {"model": MODEL, "prompt": "w1 w2", "max_tokens": 8, "ignore_eos": True}
    return httpx.post(f"{fleet.url}/v1/completions", json=body, timeout=30)


@pytest.mark.parametrize("parts", [(), PAIR], ids=["aggregated", "disaggregated"])
def test_ctrl_c_stops_all_in_order_and_loses_no_accepted_request(
    start: Start, parts: tuple[str, ...]
) -> None:
    fleet = start(*parts, decode_step_seconds=0.03)
    members = fleet.members()
    with ThreadPoolExecutor(8) as pool:
        begun = Semaphore(0)
        streams = [pool.submit(stream, fleet.url, each, begun) for each in range(8)]
        assert all(begun.acquire(timeout=20) for _ in streams)
        fleet.ctrl_c()
        assert [each.result() for each in streams] == [TOKENS] * 8
    assert fleet.process.wait(60) == 0
    nothing_is_left(fleet, members)
    logs = {path.name for path in fleet.directory.iterdir()}
    assert {f"{name}.log" for name in ("frontend-0",)} <= logs
    assert len(logs) == len(members)


def test_a_request_that_is_being_prefilled_goes_on_to_decode_after_ctrl_c(start: Start) -> None:
    fleet = start(*PAIR, prefill_tokens_per_second=40)
    with ThreadPoolExecutor(4) as pool:
        body = {"model": MODEL, "prompt": "w1 " * 60, "max_tokens": 8, "ignore_eos": True}
        url = f"{fleet.url}/v1/completions"
        answers = [pool.submit(httpx.post, url, json=body, timeout=30) for _ in range(4)]
        deadline = time.monotonic() + 20
        while 'active_requests{model="tiny"} 4' not in httpx.get(f"{fleet.url}/metrics").text:
            assert time.monotonic() < deadline
        fleet.ctrl_c()
        assert [each.result().status_code for each in answers] == [200] * 4
    assert fleet.process.wait(60) == 0


def test_a_worker_that_dies_is_started_again_and_its_requests_go_on_elsewhere(start: Start) -> None:
    fleet = start(decode_step_seconds=0.03)
    with ThreadPoolExecutor(8) as pool:
        begun = Semaphore(0)
        streams = [pool.submit(stream, fleet.url, each, begun) for each in range(8)]
        assert all(begun.acquire(timeout=20) for _ in streams)
        fleet.member("aggregated-0").kill()
        assert [each.result() for each in streams] == [TOKENS] * 8
    fleet.wait_for(r"fleet +\| aggregated-\d ended with signal SIGKILL; started again")
    fleet.wait_for(r"(?s)started again.*aggregated-\d \| ready: ")
    assert len(fleet.members()) == 3
    assert [complete(fleet).status_code for _ in range(8)] == [200] * 8


def test_a_fleet_ends_when_one_of_its_processes_dies_too_often(start: Start) -> None:
    fleet = start("fleet.max_restarts=0")
    members = fleet.members()
    fleet.member("frontend-0").kill()
    assert fleet.process.wait(60) == 1
    assert "frontend-0 ended with signal SIGKILL after 0 restarts" in fleet.log.read_text()
    nothing_is_left(fleet, members)


def test_a_process_that_cannot_start_ends_the_fleet(start: Start) -> None:
    fleet = start(*PAIR, "fleet.decode.overrides=['backend.engine.fail=start']", ready=False)
    assert fleet.process.wait(60) == 1
    text = fleet.log.read_text()
    assert re.search(r"decode-\d +\| error: the engine did not start", text)
    assert re.search(r"fleet +\| error: decode-\d ended with status 1 before it was ready", text)
    assert "Traceback" not in text
    nothing_is_left(fleet, [])


def test_a_taken_port_is_found_before_anything_starts(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fleet = start(f"frontend.port={port}", ready=False)
        assert fleet.process.wait(60) == 2
    assert f"frontend.port = {port}" in fleet.log.read_text()
    assert not fleet.directory.exists()


def test_when_the_fleets_own_process_is_killed_nothing_stays(start: Start) -> None:
    fleet = start()
    everybody = psutil.Process(fleet.process.pid).children(recursive=True)
    assert (fleet.directory / "store").exists()
    fleet.process.kill()
    nothing_is_left(fleet, everybody)


def test_a_second_signal_ends_a_fleet_without_waiting(start: Start) -> None:
    fleet = start(decode_step_seconds=2)
    members = fleet.members()
    with ThreadPoolExecutor(1) as pool:
        begun = Semaphore(0)
        cut = pool.submit(stream, fleet.url, 1, begun)
        assert begun.acquire(timeout=20)
        fleet.process.terminate()
        fleet.wait_for(r"fleet +\| stopping")
        fleet.process.terminate()
        assert fleet.process.wait(30) == 0
        assert cut.exception() is not None
    nothing_is_left(fleet, members)
