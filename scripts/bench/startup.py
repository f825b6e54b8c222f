"""Seconds from launch to the first token: ours, the bare engine, vLLM's own server.

    python -m scripts.bench.startup --rounds 3 --output startup.json

Each is launched in turns, asked for one token as soon as it answers at all, and stopped again. All
have the environment of our plan; `--as-it-comes` adds vLLM without it, which compiles first and
takes minutes.

Acceptance: ours takes at most 1.1 times as long as the bare engine.
"""

import functools
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dynamo.config.plan import LaunchPlan
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
POLL_SECONDS = 0.05
ENVIRONMENTS = {"plan": "our environment", "default": "vLLM as it comes"}


def main() -> None:
    parser = argument_parser("Seconds from launch to first token.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as-it-comes", action="store_true", help="also vLLM's own defaults")
    arguments = parser.parse_args()
    environments = ("plan", "default") if arguments.as_it_comes else ("plan",)
    plan, overrides = launch_plan(arguments.overrides)
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for round_number in range(arguments.rounds):
            for name, launch in launchers(plan, overrides, Path(scratch), environments).items():
                took = launch()
                seconds.setdefault(name, []).append(took)
                print(f"{round_number=} {name}: {took:.1f} s", flush=True)
    series = [Series(name, tuple(values)) for name, values in seconds.items()]
    ours = series[0].median
    rows = [[each.name, each.text(1), f"{ours / each.median:.2f}"] for each in series]
    print_table([["target", "seconds to first token: median (range)", "ours / this"], *rows])
    values = {"seconds": seconds, "ratios": {e.name: ours / e.median for e in series}}
    write_result(arguments.output, "startup", values)


def launchers(
    plan: LaunchPlan, overrides: Sequence[str], scratch: Path, environments: Sequence[str]
) -> dict[str, Callable[[], float]]:
    """Return what to launch, by name; each returns seconds to the first token."""
    launchers = {
        "launch.py": lambda: time_server(
            lambda port: [sys.executable, "launch.py", *overrides, f"frontend.port={port}"],
            dict(os.environ),
            scratch,
        )
    }
    for kind in environments:
        said = ENVIRONMENTS[kind]
        launchers |= {
            f"bare engine, {said}": functools.partial(time_bare_engine, plan, kind, scratch),
            f"vLLM's server, {said}": functools.partial(time_vllm_server, plan, kind, scratch),
        }
    return launchers


def time_vllm_server(plan: LaunchPlan, environment: str, scratch: Path) -> float:
    """Launch vLLM's own server and return the seconds to its first token."""
    flags = [*VLLM_SERVER, *server_flags(plan), "--host", "127.0.0.1", "--port"]
    return time_server(
        lambda port: [*flags, str(port)], engine_environment(plan, environment), scratch
    )


def time_server(
    command: Callable[[int], Sequence[str]], environment: dict[str, str], scratch: Path
) -> float:
    """Launch a server on a free port and return the seconds until it has sent a token."""
    port = free_port()
    begin = time.perf_counter()
    with running(command(port), environment, scratch / "server.log") as process:
        while time.perf_counter() - begin < START_SECONDS and process.poll() is None:
            if has_answered(port):
                return time.perf_counter() - begin
            time.sleep(POLL_SECONDS)
    raise SystemExit((scratch / "server.log").read_text(errors="replace")[-4000:])


def has_answered(port: int) -> bool:
    """Ask for one token; false while the server cannot answer yet."""
    body = {"model": MODEL_NAME, "prompt": [1, 2, 3, 4], "max_tokens": 1}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return bool(json.load(response)["choices"])
    except OSError:
        return False


def time_bare_engine(plan: LaunchPlan, environment: str, scratch: Path) -> float:
    """Launch AsyncLLM in a script and return the seconds to its first token."""
    with result_pipe() as (reader, writer):
        command = [
            *(sys.executable, "-m", "scripts.bench.bare_engine", "--result-fd", str(writer)),
            *("--engine-arguments", json.dumps(dict(plan.engine.arguments))),
        ]
        begin = time.perf_counter()
        log = scratch / "bare.log"
        with running(command, engine_environment(plan, environment), log, (writer,)):
            os.close(writer)
            if not os.read(reader, 100):
                raise SystemExit(log.read_text(errors="replace")[-4000:])
            return time.perf_counter() - begin


@contextmanager
def result_pipe() -> Iterator[tuple[int, int]]:
    """Yield a pipe whose reading end is closed at the end."""
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)


if __name__ == "__main__":
    main()
