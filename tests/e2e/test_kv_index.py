"""Workers with durable KV events, the process that knows who holds what, and late routers."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from dynamo.worker.planes.durable_events.messages import Names
from dynamo.worker.planes.durable_events.reader import StreamReader
from dynamo.worker.preflight.ports import free_port
from tests.e2e.nats import NatsServer
from tests.worker.processes import (
    ROOT,
    StartWorker,
    Worker,
    launch,
    low_free_port,
    wait_until_ready,
)
from tests.worker.test_kv_routing import BLOCK, PREFIX_BLOCKS, cached, prompts, requests_served
from tests.worker.test_live_changes import control
from tests.worker.tiny_model import write_tiny_model

pytestmark = pytest.mark.e2e


@pytest.fixture
def start(tmp_path: Path, nats_server: NatsServer) -> Iterator[StartWorker]:
    """Start processes of one fleet, which end with the test."""
    model = write_tiny_model(tmp_path / "tiny")
    started: list[Worker] = []

    def run(*overrides: str) -> Worker:
        log = tmp_path / f"process-{len(started)}.log"
        fleet = (
            "store=file", f"store.path={tmp_path / 'store'}", f"nats.server={nats_server.url}",
            "runtime.durable_kv_events=true", "runtime.kv_state_endpoint=dynamo.kv_index.state",
            "frontend.router_mode=kv", "runtime.grace_period_seconds=0",
        )  # fmt: skip
        process = launch(model, log, *fleet, *overrides)
        started.append(process)
        wait_until_ready(process)
        return process

    yield run
    for each in started:
        each.process.kill()
        each.process.wait()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


WHOLE = PREFIX_BLOCKS * BLOCK


def test_r25_r183_routers_that_start_late_learn_from_the_index(
    start: StartWorker, tmp_path: Path
) -> None:
    port = low_free_port()
    workers = [start("frontend=none", f"runtime.system_port={port}"), start("frontend=none")]
    index = start("action=kv_index")
    first = start("action=frontend")
    asked = prompts(6)
    assert [cached(first, prompt) for prompt in asked] == [0] * 6
    time.sleep(1)
    assert [cached(first, prompt) for prompt in asked] == [WHOLE] * 6
    tokens = ",".join(str(3 + int(word.removeprefix("w"))) for word in asked[0].split())
    done = run("tests.e2e.kv_index_client", str(tmp_path / "store"), tokens)
    answer = json.loads(done.stdout)
    assert answer["ready"]
    holders = [each["blocks"] for each in answer["workers"] if each["blocks"]]
    assert holders == [PREFIX_BLOCKS]
    late = start("action=frontend")
    time.sleep(2)
    assert [cached(late, prompt) for prompt in asked] == [WHOLE] * 6
    # The index itself starts again, and has everything from the stream.
    assert index.stop() == 0
    start("action=kv_index")
    later = start("action=frontend")
    time.sleep(2)
    assert [cached(later, prompt) for prompt in asked] == [WHOLE] * 6
    assert 0 < requests_served(port) < 24
    assert [worker.stop() for worker in workers] == [0, 0]


def test_a_dead_workers_blocks_are_forgotten(start: StartWorker) -> None:
    worker = start("frontend=none")
    index = start("action=kv_index")
    front = start("action=frontend")
    assert cached(front, prompts(1)[0]) == 0
    worker.process.kill()
    until(lambda: "is gone, and so are its KV blocks" in index.log.read_text())
    assert index.stop() == 0


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests in a process of its own: it can hold one runtime only."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_r77_each_data_parallel_rank_is_told_apart(tmp_path: Path) -> None:
    done = run("tests.e2e.kv_event_ranks", str(write_tiny_model(tmp_path / "tiny")))
    assert '{"0": 1, "1": 3}' in done.stdout, done.stderr


@pytest.mark.parametrize("mode", ["on", "off"])
def test_r175_durable_events_are_switched_without_a_restart(
    nats_server: NatsServer, tmp_path: Path, mode: str
) -> None:
    model = write_tiny_model(tmp_path / "tiny")
    done = run("tests.e2e.kv_event_switch", str(model), nats_server.url, mode)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines == [
        '{"before": [3]}',
        '{"after, early router": [3, 3]}',
        '{"after, late router": [3, 3]}',
        '{"back, early router": [3, 3, 3]}',
    ], done.stderr


def overlaps(environment: dict[str, str], tokens: Sequence[int]) -> list[tuple[int, bool]]:
    """Return what a reader of the stream finds, once it has read everything."""

    async def read() -> list[tuple[int, bool]]:
        reader = StreamReader(environment, Names("dynamo", "backend"))
        task = asyncio.create_task(reader.run())
        try:
            await asyncio.wait_for(reader.caught_up.wait(), 20)
        finally:
            task.cancel()
            await asyncio.wait([task])
        found = reader.index.overlaps(tokens)
        return [(blocks, reader.index.ranks[rank].exact) for rank, blocks in found.items()]

    return asyncio.run(read())


def sample(metrics: str, name: str) -> float:
    """Read the value of the durable events' sample of this name."""
    lines = [line for line in metrics.splitlines() if line.startswith(f"{name}{{")]
    (line,) = [line for line in lines if "path=" not in line or "durable" in line]
    return float(line.rsplit(" ", 1)[1])


def test_r175_the_control_command_switches_durable_events(
    nats_server: NatsServer, start: StartWorker
) -> None:
    port, environment = free_port("127.0.0.1"), {"NATS_SERVER": nats_server.url}
    status = low_free_port()
    worker = start(
        "runtime.durable_kv_events=false", "runtime.kv_state_endpoint=null",
        f"control.port={port}", f"runtime.system_port={status}",
    )  # fmt: skip
    prompt = prompts(1)[0]
    tokens = [3 + int(word.removeprefix("w")) for word in prompt.split()]
    cached(worker, prompt)
    assert control(port, "set", "runtime.durable_kv_events=maybe").returncode == 2
    nats_server.kill()
    refused = control(port, "set", "runtime.durable_kv_events=true")
    assert refused.returncode == 2
    assert f"nats.server = {nats_server.url} cannot keep KV events" in refused.stderr
    nats_server.start()
    done = control(port, "set", "runtime.durable_kv_events=true")
    assert done.returncode == 0, done.stderr
    until(lambda: overlaps(environment, tokens) == [(PREFIX_BLOCKS, True)])
    assert cached(worker, prompt) == WHOLE
    metrics = httpx.get(f"http://127.0.0.1:{status}/metrics").text
    assert sample(metrics, "dynamo_launch_durable_kv_events_blocks") >= PREFIX_BLOCKS
    assert sample(metrics, "dynamo_launch_durable_kv_events_exact") == 1
    assert sample(metrics, "dynamo_launch_live_setting") == 1
    assert control(port, "set", "runtime.durable_kv_events=false").returncode == 0
    assert overlaps(environment, tokens) == []
    assert cached(worker, prompt) == WHOLE
    assert worker.stop() == 0
