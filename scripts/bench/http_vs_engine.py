"""Throughput over HTTP: our worker, vLLM's own server and the bare engine, side by side.

    python -m scripts.bench.http_vs_engine --rounds 5 --output http.json

All three run the same engine arguments and are up at the same time; only one has load at a time,
in turns, so that they share the machine's good and bad moments. Prompts are token ids and never
repeat: no prefix cache helps. The bare engine (AsyncLLM in its own process, no detokenisation)
gets its load in process; both servers get it from the same client process.

Acceptance: our worker reaches at least 0.95 of the bare engine and at least vLLM's own server.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dynamo.config.plan import LaunchPlan, WorkloadPlan
from scripts.bench.common import (
    MODEL_NAME,
    VLLM_SERVER,
    Series,
    argument_parser,
    engine_environment,
    free_port,
    launch_plan,
    print_table,
    running,
    server_flags,
    write_result,
)

START_SECONDS = 300
OURS, VLLM, BARE = "our worker", "vLLM's server", "bare engine"
RunLoad = Callable[[WorkloadPlan], dict[str, Any]]


def main() -> None:
    arguments = parse()
    plan, overrides = launch_plan(arguments.overrides)
    results: dict[int, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        targets = start_targets(plan, overrides, Path(scratch), stack, arguments)
        seed = 0
        for concurrency in arguments.concurrency:
            results[concurrency] = {name: [] for name in targets}
            for round_number in range(arguments.rounds + 1):
                seed += 1
                for name, run_load in targets.items():
                    load = workload(arguments, concurrency, seed)
                    speed = run_load(load)["output_tokens_per_second"]
                    if round_number:  # the first round warms up
                        results[concurrency][name].append(speed)
                        print(f"{concurrency=} {round_number=} {name}: {speed:.1f}", flush=True)
    report(arguments, plan, results)


def parse() -> argparse.Namespace:
    parser = argument_parser("Output tokens per second over HTTP and in process.")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds per concurrency")
    parser.add_argument("--requests-per-client", type=int, default=2)
    parser.add_argument("--input-tokens", type=int, default=64)
    parser.add_argument("--output-tokens", type=int, default=64)
    parser.add_argument(
        "--vllm-environment",
        choices=("plan", "default"),
        default="plan",
        help="environment of vLLM's server: ours, or vLLM as it comes",
    )
    return parser.parse_args()


def workload(arguments: argparse.Namespace, concurrency: int, seed: int) -> WorkloadPlan:
    """Return a load that lasts about as long at any concurrency."""
    return WorkloadPlan(
        concurrency=concurrency,
        num_requests=max(4, concurrency * arguments.requests_per_client),
        input_tokens=arguments.input_tokens,
        output_tokens=arguments.output_tokens,
        seed=seed,
        warmup_requests=0,
    )


def start_targets(
    plan: LaunchPlan,
    overrides: list[str],
    scratch: Path,
    stack: ExitStack,
    arguments: argparse.Namespace,
) -> dict[str, RunLoad]:
    """Start all three, one after the other, and return how to put load on each."""
    ask = stack.enter_context(http_client())
    vocab_size = json.loads(Path(plan.engine.arguments["model"], "config.json").read_text())[
        "vocab_size"
    ]

    def http(url: str) -> RunLoad:
        def run_load(load: WorkloadPlan) -> dict[str, Any]:
            order = {"url": url, "model": MODEL_NAME, "vocab_size": vocab_size}
            return ask({**order, "workload": asdict(load)})

        return run_load

    targets: dict[str, RunLoad] = {}
    port = free_port()
    command = [sys.executable, "launch.py", *overrides, f"frontend.port={port}"]
    process = stack.enter_context(running(command, os.environ, scratch / "ours.log"))
    await_server(f"http://127.0.0.1:{port}", process, scratch / "ours.log")
    targets[OURS] = http(f"http://127.0.0.1:{port}")
    port = free_port()
    flags = [*server_flags(plan), "--host", "127.0.0.1", "--port", str(port)]
    environment = engine_environment(plan, arguments.vllm_environment)
    command = [*VLLM_SERVER, *flags, "--disable-uvicorn-access-log"]
    process = stack.enter_context(running(command, environment, scratch / "vllm.log"))
    await_server(f"http://127.0.0.1:{port}", process, scratch / "vllm.log")
    targets[VLLM] = http(f"http://127.0.0.1:{port}")
    targets[BARE] = stack.enter_context(bare_engine(plan, scratch / "bare.log"))
    return targets


@contextmanager
def http_client() -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Run the client process; yield a function that sends one order and returns the metrics."""
    command = [sys.executable, "-m", "scripts.bench.http_client"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:

        def ask(order: dict[str, Any]) -> dict[str, Any]:
            assert p.stdin is not None  # noqa: S101 - for the type checker
            assert p.stdout is not None  # noqa: S101
            p.stdin.write(json.dumps(order) + "\n")
            p.stdin.flush()
            return _parse(p.stdout.readline(), "the client")

        yield ask


@contextmanager
def bare_engine(plan: LaunchPlan, log: Path) -> Iterator[RunLoad]:
    """Run AsyncLLM in its own process; yield a function that puts load on it."""
    reader, writer = os.pipe()
    command = [
        *(sys.executable, "-m", "scripts.bench.bare_engine", "--result-fd", str(writer)),
        *("--engine-arguments", json.dumps(dict(plan.engine.arguments))),
    ]
    with (
        log.open("ab") as output,
        os.fdopen(reader) as results,
        subprocess.Popen(
            command,
            env=engine_environment(plan, "plan"),
            pass_fds=(writer,),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
        ) as process,
    ):
        os.close(writer)
        _parse(results.readline(), log.read_text(errors="replace"))

        def run_load(load: WorkloadPlan) -> dict[str, Any]:
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.write(json.dumps(asdict(load)) + "\n")
            process.stdin.flush()
            return _parse(results.readline(), log.read_text(errors="replace"))

        yield run_load


def _parse(line: str, context: str) -> dict[str, Any]:
    if not line:
        raise SystemExit(f"no answer; {context}")
    result: dict[str, Any] = json.loads(line)
    return result


def await_server(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server lists its model."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as response:
                if json.load(response)["data"]:
                    return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def report(
    arguments: argparse.Namespace, plan: LaunchPlan, results: dict[int, dict[str, list[float]]]
) -> None:
    """Print medians and ratios, and write them down."""
    names = (OURS, VLLM, BARE)
    rows = [["concurrency", *names, f"{OURS} / {BARE}", f"{OURS} / {VLLM}"]]
    summary = []
    for concurrency, speeds in results.items():
        series = {name: Series(name, tuple(speeds[name])) for name in names}
        ours = series[OURS].median
        ratios = [ours / series[BARE].median, ours / series[VLLM].median]
        cells = [series[name].text(1) for name in names]
        rows.append([str(concurrency), *cells, *(f"{ratio:.3f}" for ratio in ratios)])
        summary.append(
            {
                "concurrency": concurrency,
                "output_tokens_per_second": speeds,
                "ratio_to_bare_engine": ratios[0],
                "ratio_to_vllm_server": ratios[1],
            }
        )
    print("output tokens per second: median (range)")
    print_table(rows)
    write_result(
        arguments.output,
        "http_vs_engine",
        {
            "arguments": {k: v for k, v in plan.engine.arguments.items() if k != "model"},
            "environment": dict(plan.engine.environment),
            "vllm_environment": arguments.vllm_environment,
            "input_tokens": arguments.input_tokens,
            "output_tokens": arguments.output_tokens,
            "rounds": arguments.rounds,
            "results": summary,
        },
    )


if __name__ == "__main__":
    main()
