"""Faults made on purpose with real processes. Each returns what clients saw of it.

The tests assert on the outcomes; `python -m scripts.reliability` writes them into a table.
"""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import psutil  # type: ignore[import-untyped]

from dynamo.worker.preflight.ports import free_port
from tests.e2e.state_servers import running_etcd, running_nats
from tests.faults.disk_full import dump_full, store_full
from tests.faults.load import load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.port_taken import port_taken_meanwhile, ports_taken
from tests.faults.stage import CLIENTS, STEADY, Stage
from tests.worker.processes import MODEL

AWAY_SECONDS = 3.0
"""How long a server stays away."""


def nats_killed_and_back(stage: Stage) -> Outcome:
    """The server of the request plane dies and comes back three seconds later."""
    directory, port = stage.directory / "nats", free_port("127.0.0.1")
    nats = ExitStack()
    stage.stack.callback(nats.close)
    nats.enter_context(running_nats(directory, port=port))
    address = f"nats://127.0.0.1:{port}"
    fleet, _ = stage.pair("request_plane=nats", "store=file", NATS_SERVER=address)
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        killed = time.monotonic()
        nats.close()
        time.sleep(AWAY_SECONDS)
        nats.enter_context(running_nats(directory, port=port))
        recovered = running.wait_for_answers(STEADY, time.monotonic(), 90)
    return Outcome(seen_text(running.seen(killed)), running.lost(), recovered)


def etcd_killed_and_back(stage: Stage) -> Outcome:
    """The store dies and comes back three seconds later: requests go on without it."""
    directory, port = stage.directory / "etcd", free_port("127.0.0.1")
    etcd = ExitStack()
    stage.stack.callback(etcd.close)
    etcd.enter_context(running_etcd(directory, port=port))
    fleet, _ = stage.pair("store=etcd", ETCD_ENDPOINTS=f"http://127.0.0.1:{port}")
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        killed = time.monotonic()
        etcd.close()
        time.sleep(AWAY_SECONDS)
        etcd.enter_context(running_etcd(directory, port=port))
        running.wait_for_answers(STEADY, time.monotonic())
    return Outcome(seen_text(running.seen(killed)), running.lost())


def worker_killed(stage: Stage) -> Outcome:
    """One of two workers is killed; its requests move to the other."""
    fleet, workers = stage.pair("store=file", "runtime.migration_limit=3", workers=2)
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        killed = time.monotonic()
        workers[0].process.kill()
        recovered = running.wait_for_answers(STEADY, killed)
    return Outcome(seen_text(running.seen(killed)), running.lost(), recovered)


def frontend_killed(stage: Stage) -> Outcome:
    """The frontend is killed and started again on its port; the worker stays."""
    fleet, _ = stage.pair("store=file")
    port = fleet.url.rsplit(":", 1)[1]
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        killed = time.monotonic()
        fleet.processes[-1].process.kill()
        fleet.processes[-1].process.wait()
        fleet.restart_frontend(port)
        recovered = running.wait_for_answers(STEADY, killed)
    return Outcome(seen_text(running.seen(killed)), running.lost(), recovered)


def engine_crashes(stage: Stage) -> Outcome:
    """The engine of one of two workers dies: that worker ends with status 1, the other serves."""
    return _one_engine_fails(stage, "crash")


def engine_hangs(stage: Stage) -> Outcome:
    """The engine of one of two workers computes nothing any more: its worker ends by itself."""
    return _one_engine_fails(stage, "hang", "health.engine_stall_seconds=3")


def _one_engine_fails(stage: Stage, how: str, *overrides: str) -> Outcome:
    fleet = stage.fleet("store=file", "runtime.migration_limit=3", *overrides)
    fleet.worker(decode_step_seconds=0.01)
    failing = fleet.worker(decode_step_seconds=0.01, fail=how, crash_after_requests=20)
    fleet.frontend()
    fleet.wait_until_listed()
    with load(fleet.url, CLIENTS) as running:
        assert failing.process.wait(60) == 1
        recovered = running.wait_for_answers(STEADY, time.monotonic())
    return Outcome(seen_text(running.seen()), running.lost(), recovered)


def asked_to_stop_under_load(stage: Stage) -> Outcome:
    """SIGTERM to one of two workers: what it accepted is finished, nothing is refused."""
    fleet, workers = stage.pair("store=file", workers=2)
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        asked = time.monotonic()
        assert workers[0].end(signal.SIGTERM) == 0
        running.wait_for_answers(STEADY, time.monotonic())
    return Outcome(seen_text(running.seen(asked)), running.lost())


def client_storm(stage: Stage) -> Outcome:
    """Five hundred clients connect at once."""
    fleet, (worker,) = stage.pair("store=file")
    with load(fleet.url, 500, tokens=5) as running:
        running.wait_for_answers(500, 0.0, 120)
    assert worker.process.poll() is None
    return Outcome(seen_text(running.seen()), running.lost())


def slow_reader(stage: Stage) -> Outcome:
    """Clients that ask for long answers and read nothing: all others are served as before."""
    fleet = stage.fleet("store=file")
    worker = fleet.worker(decode_step_seconds=0.001, max_model_len=16384, num_gpu_blocks=16384)
    fleet.frontend()
    fleet.wait_until_listed()
    # Megabytes each: more than sockets hold.
    body = {"model": MODEL, "prompt": "w1", "max_tokens": 8000, "ignore_eos": True, "stream": True}
    memory = psutil.Process(worker.pid).memory_info().rss
    with ExitStack() as readers, load(fleet.url, CLIENTS) as running:
        client = readers.enter_context(httpx.Client(limits=httpx.Limits(max_connections=None)))
        for _ in range(20):
            readers.enter_context(client.stream("POST", f"{fleet.url}/v1/completions", json=body))
        running.wait_for_answers(10 * STEADY, time.monotonic())
        grown = psutil.Process(worker.pid).memory_info().rss - memory
    assert grown < 64 * 2**20, f"the worker grew by {grown} bytes"
    return Outcome(seen_text(running.seen()), running.lost())


Scenario = Callable[[Stage], Outcome]

SCENARIOS: dict[str, Scenario] = {
    "NATS killed, back after 3 s (request plane)": nats_killed_and_back,
    "etcd killed, back after 3 s": etcd_killed_and_back,
    "engine of one of two workers crashes": engine_crashes,
    "engine of one of two workers hangs": engine_hangs,
    "one of two workers killed with kill -9": worker_killed,
    "frontend killed with kill -9 and started again": frontend_killed,
    "one of two workers asked to stop (SIGTERM) under load": asked_to_stop_under_load,
    "500 clients connect at once": client_storm,
    "20 clients read nothing": slow_reader,
    "disk of the file store full for 12 s": store_full,
    "no room for the configuration's dump": dump_full,
    "a worker wants the ports of a frontend and of an http worker that serve": ports_taken,
    "the frontend's port is taken while the engine loads": port_taken_meanwhile,
}
