"""Two real vLLM processes that run the data-parallel ranks of one engine between them."""

import random
import re
import signal
import time
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from dynamo.worker.preflight.ports import free_port
from tests.e2e.servers import Server, launch, wait_until_ready
from tests.e2e.tiny_llama import write_tiny_llama
from tests.worker.processes import low_free_port
from tests.worker.tiny_model import WORDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BLOCK, BLOCKS = 32, 4


class Group:
    """Starts the processes of one engine with two ranks, and ends what a test leaves running."""

    def __init__(self, model: Path, directory: Path) -> None:
        self._started: list[Server] = []
        self._directory = directory
        self.store = directory / "store"
        self._shared = (
            f"model.path={model}", "store=file", f"store.path={self.store}",
            "frontend.router_mode=kv", "backend.engine.dtype=float32",
            "backend.engine.data_parallel_size=2", "backend.engine.data_parallel_size_local=1",
            "backend.engine.data_parallel_address=127.0.0.1",
            f"backend.engine.data_parallel_rpc_port={free_port('127.0.0.1')}",
        )  # fmt: skip

    def start(self, *overrides: str) -> Server:
        """Start a process; it is not ready yet."""
        folder = self._directory / str(len(self._started))
        folder.mkdir()
        self._started.append(launch(folder / "log", *self._shared, *overrides))
        return self._started[-1]

    def start_leader(self) -> Server:
        """Start the process that has the endpoint and rank 0."""
        return self.start("runtime.grace_period_seconds=0")

    def start_follower(self, *more: str) -> Server:
        """Start the process that has rank 1."""
        second = "backend.engine.data_parallel_start_rank=1"
        return self.start("backend.headless=true", second, *more)

    def kill(self) -> None:
        """End all of them at once."""
        for server in self._started:
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with random weights."""
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    return write_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def group(model: Path, short_directory: Path) -> Iterator[Group]:
    started = Group(model, short_directory)
    yield started
    started.kill()


def prompts(count: int) -> list[str]:
    words = random.Random(1)
    length = BLOCK * BLOCKS + 1
    return [" ".join(words.choice(WORDS[3:]) for _ in range(length)) for _ in range(count)]


def cached(leader: Server, prompt: str) -> int:
    usage = leader.complete(prompt=prompt, max_tokens=2, ignore_eos=True).json()["usage"]
    return int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)


def finished_by_rank(leader: Server) -> dict[str, float]:
    """Return how many requests each rank has finished, as the leader's engine counts."""
    metrics = httpx.get(f"{leader.url}/metrics").text
    counted: dict[str, float] = {}
    for labels, number in re.findall(
        r"^vllm:request_success_total\{(.*)\} (\S+)$", metrics, re.MULTILINE
    ):
        rank = re.findall(r'engine="(\d)"', labels)[0]
        counted[rank] = counted.get(rank, 0) + float(number)
    return counted


def test_r105_a_process_that_does_not_lead_computes_and_serves_no_endpoint(group: Group) -> None:
    status = low_free_port()
    follower = group.start_follower(f"runtime.system_port={status}")
    leader = group.start_leader()
    wait_until_ready(leader)
    wait_until_ready(follower)
    (worker,) = re.findall(r"ready: rank 1 of smollm2, led by (\w+) ", follower.log.read_text())
    asked = prompts(8)
    assert [cached(leader, prompt) for prompt in asked] == [0] * 8
    # Each comes to the rank that has it: the router knows what both of them hold.
    assert [cached(leader, prompt) for prompt in asked] == [BLOCK * BLOCKS] * 8
    late = group.start("action=frontend")
    wait_until_ready(late)
    assert [cached(late, prompt) for prompt in asked] == [BLOCK * BLOCKS] * 8
    finished = finished_by_rank(leader)
    assert sum(finished.values()) == 24
    assert min(finished["0"], finished["1"]) >= 2
    assert served_by(group.store) == {worker}
    assert httpx.get(f"http://127.0.0.1:{status}/metrics").status_code == 200
    assert not listens(follower, follower.port)
    assert leader.end(signal.SIGTERM) == 0
    assert follower.process.wait(60) == 1
    assert "the leader at 127.0.0.1" in follower.log.read_text()


def served_by(store: Path) -> set[str]:
    """Return the ids of the workers that have the endpoint `generate` or a model in the store."""
    places = ("v1/instances/dynamo/backend/generate", "v1/mdc")
    files = [file for place in places for file in (store / place).rglob("*") if file.is_file()]
    return {file.name.rsplit("%2F", 1)[-1] for file in files}


def listens(server: Server, port: int) -> bool:
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    return any(each.laddr.port == port and each.status == "LISTEN" for each in connections)


def test_r105_a_process_that_does_not_lead_ends_when_it_is_told_to(group: Group) -> None:
    follower = group.start_follower()
    leader = group.start_leader()
    wait_until_ready(follower)
    assert follower.end(signal.SIGTERM) == 0
    assert leader.process.poll() is None
    assert leader.end(signal.SIGTERM) == 0


def test_r105_waiting_for_a_leader_ends_with_the_engine_or_when_it_is_told_to(
    group: Group,
) -> None:
    failing, told = group.start_follower(), group.start_follower()
    until_waiting(failing)
    until_waiting(told)
    failing.engine_core().kill()
    assert told.end(signal.SIGTERM) == 0
    assert failing.process.wait(60) == 1
    assert "an engine core ended" in failing.log.read_text()


def test_what_a_killed_leader_started_ends_with_it(group: Group) -> None:
    follower = group.start_follower()
    leader = group.start_leader()
    wait_until_ready(leader)
    wait_until_ready(follower)
    started = psutil.Process(leader.process.pid).children(recursive=True)
    assert len(started) >= 2, "an engine core and the coordinator of the ranks"
    leader.process.kill()
    _ended, left = psutil.wait_procs(started, 20)
    assert [each.cmdline() for each in left] == []
    assert follower.process.wait(60) == 1


def until_waiting(follower: Server) -> None:
    deadline = time.monotonic() + 120
    while "waiting: for the leader of rank 1" not in follower.log.read_text():
        assert follower.process.poll() is None, follower.log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
