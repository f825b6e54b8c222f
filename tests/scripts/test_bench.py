"""The benchmarks' own parts: command lines, summaries, and the load over HTTP."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.config.plan import WorkloadPlan
from dynamo.tuning.metrics import summarize
from dynamo.tuning.workload import measured_requests, run_closed_loop
from scripts.bench import planes
from scripts.bench.__main__ import BENCHMARKS
from scripts.bench.common import ROOT, Series, free_port, launch_plan, running, server_flags

MOCKER = ("backend=mocker", "backend.engine.vocab_size=49152", "model.served_name=bench")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", *(f".{name}" for name in BENCHMARKS)])
def test_every_benchmark_explains_itself(name: str) -> None:
    command = [sys.executable, "-m", f"scripts.bench{name}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout


def test_a_series_is_told_by_its_median_and_range() -> None:
    assert Series("a", (3.0, 1.0, 2.0)).text(1) == "2.0 (1.0 to 3.0)"


def test_planes_are_compared_round_by_round() -> None:
    """A machine that slows down half-way must not decide the comparison."""
    speeds = {"tcp, ours": (90, 45), f"tcp, {planes.SAMPLE}": (100, 50), "http, ours": (60, 30)}
    rounds = {
        (planes.ALONE.name, target): [planes.Round(speed, 1.0, 1.0) for speed in values]
        for target, values in speeds.items()
    }
    found = planes.compare(rounds)
    assert found[f"{planes.ALONE.name}: ours / sample on tcp"] == pytest.approx(0.9)
    assert found[f"{planes.ALONE.name}: http / tcp, both ours"] == pytest.approx(2 / 3)
    assert len(found) == 2


@pytest.mark.e2e
def test_vllm_gets_the_arguments_of_our_plan_as_flags() -> None:
    plan, _ = launch_plan(["backend.engine.max_num_seqs=4", "backend.engine.block_size=32"])
    flags = " ".join(server_flags(plan, without=("max_num_seqs",)))
    assert flags.startswith(f"--model {plan.engine.arguments['model']} ")
    assert "--block-size 32" in flags
    assert "--max-num-seqs" not in flags


@pytest.mark.e2e
async def test_the_load_runs_over_http_too_and_every_token_is_counted(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    from scripts.bench.http_target import HttpTarget
    from scripts.bench.http_vs_engine import await_server

    port, log = free_port(), tmp_path / "server.log"
    command = [sys.executable, "launch.py", *MOCKER, f"frontend.port={port}"]
    load = WorkloadPlan(4, 12, 40, 16, seed=1, warmup_requests=0)
    with running(command, os.environ, log) as process:
        await_server(f"http://127.0.0.1:{port}", process, log)
        async with HttpTarget(f"http://127.0.0.1:{port}", "bench") as target:
            requests = measured_requests(load, 49152)
            metrics = summarize(await run_closed_loop(target.send, requests, load.concurrency))
    assert (metrics.num_requests, metrics.input_tokens, metrics.output_tokens) == (12, 480, 192)
    assert metrics.ttft.p50 > 0
