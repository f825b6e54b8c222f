"""What the benchmarks share: plans, processes, medians, tables, one JSON result each."""

import argparse
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dynamo.config.compose import compose_config
from dynamo.config.plan import LaunchPlan
from dynamo.engines.catalogue import load
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.engines.vllm.command import flag_words
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.machine import this_machine
from dynamo.launcher.planning import plan_launch
from dynamo.tuning.versions import installed_versions
from dynamo.worker.model_files import local_model

ROOT = Path(__file__).resolve().parents[2]
VLLM_SERVER = (sys.executable, "-m", "vllm.entrypoints.openai.api_server")
MODEL_NAME = "bench"
STOP_SECONDS = 60


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, help="write the result as JSON to this file")
    parser.add_argument(
        "overrides", nargs="*", help="more overrides, such as backend.engine.max_model_len=1024"
    )
    return parser


def launch_plan(overrides: Sequence[str]) -> tuple[LaunchPlan, list[str]]:
    """Return the plan for the model's local directory, and the overrides that lead to it."""
    overrides = ["backend=vllm", *overrides]
    first = compose_plan(overrides)
    model = local_model(first.model.path, lambda text: print(text, file=sys.stderr))
    overrides += [f"model.path={model}", f"model.served_name={MODEL_NAME}"]
    return compose_plan(overrides), overrides


def compose_plan(overrides: Sequence[str]) -> LaunchPlan:
    """Return the plan of these overrides, and end the program when they are wrong."""
    machine = this_machine()
    adopt = option_file_reader(machine)
    composition = compose_config(overrides, {}, conf_dir(), all_argument_names, adopt)
    if composition.config is None:
        raise SystemExit("\n".join(f"{p.path}: {p.message}" for p in composition.problems))
    return plan_launch(composition.config, machine)


def server_flags(plan: LaunchPlan, without: Sequence[str] = ()) -> list[str]:
    """Return the plan's engine arguments as flags of vLLM's own server."""
    arguments = {k: v for k, v in plan.engine.arguments.items() if k not in without}
    engine = replace(plan.engine, arguments=arguments)
    words = flag_words(engine, load("vllm", engine.version))
    return [*("--model", str(plan.engine.arguments["model"])), *(w for flag in words for w in flag)]


def engine_environment(plan: LaunchPlan, kind: str) -> dict[str, str]:
    """Return this process's environment with the plan's variables, or only the needed ones.

    `default` is vLLM as it comes, with the same size of KV cache, offline and without statistics
    sent home.
    """
    chosen = dict(plan.engine.environment)
    if kind == "default":
        needed = ("VLLM_CPU_KVCACHE_SPACE", "VLLM_NO_USAGE_STATS", "VLLM_LOGGING_LEVEL")
        chosen = {name: chosen[name] for name in needed if name in chosen}
    return {**os.environ, "PYTHONPATH": str(ROOT), **chosen, "HF_HUB_OFFLINE": "1"}


def free_port() -> int:
    """Return a port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_on_sigterm() -> None:
    """Let SIGTERM unwind this process as Ctrl-C does, so that what it started ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], log: Path, pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own; SIGTERM it at the end, then kill what is left."""
    end_on_sigterm()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def timed(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, int, str]:
    """Run a command to its end; return seconds, exit status and everything it printed."""
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return time.perf_counter() - begin, done.returncode, done.stdout


@dataclass(frozen=True)
class Series:
    """Repeated measurements of one thing."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, digits: int) -> str:
        """Return the median and the range."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of texts in aligned columns; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip(), flush=True)


def write_result(path: Path | None, name: str, values: Mapping[str, Any]) -> None:
    """Write the figures together with what they were measured on."""
    if path is None:
        return
    facts = {
        "benchmark": name,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": installed_versions("vllm"),
        **values,
    }
    path.write_text(json.dumps(facts, indent=2) + "\n")
