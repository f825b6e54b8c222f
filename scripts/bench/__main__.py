"""Run the benchmarks one after the other: `python -m scripts.bench --help`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.bench.common import end_on_sigterm

BENCHMARKS = ("check_vs_vllm", "startup", "http_vs_engine", "sweep_vs_vllm", "kv_routing", "planes")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run benchmarks against vLLM itself.")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="default: all")
    parser.add_argument("--directory", type=Path, default=Path("outputs/bench"))
    arguments = parser.parse_args()
    end_on_sigterm()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in arguments.names or BENCHMARKS:
        print(f"== {name}", flush=True)
        output = arguments.directory / f"{name}.json"
        command = [sys.executable, "-m", f"scripts.bench.{name}", "--output", str(output)]
        failed += run(command) != 0
    return 1 if failed else 0


def run(command: Sequence[str]) -> int:
    """Run one benchmark to its end; one that must stop before stops what it started."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
