"""How long a wrong or right configuration takes to be judged: ours and vLLM's own server.

    python -m scripts.bench.check_vs_vllm --output check.json

Acceptance: `launch.py action=check` takes at most 0.6 s, and vLLM's server takes at least 20 times
as long to refuse a wrong argument.
"""

import os
import sys
from collections.abc import Sequence

from scripts.bench.common import (
    ROOT,
    VLLM_SERVER,
    Series,
    argument_parser,
    print_table,
    timed,
    write_result,
)

LAUNCH = (sys.executable, "launch.py")
WRONG = "four"
CASES: dict[str, tuple[Sequence[str], int, str]] = {
    "launch.py action=check": ((*LAUNCH, "action=check"), 0, "ok"),
    "launch.py, wrong argument": (
        (*LAUNCH, f"backend.engine.max_num_seqs={WRONG}"),
        2,
        "backend.engine.max_num_seqs",
    ),
    "vLLM's server, wrong argument": ((*VLLM_SERVER, "--max-num-seqs", WRONG), 2, "max-num-seqs"),
}
"""Command, expected exit status, expected text."""


def main() -> None:
    parser = argument_parser("Time to judge a configuration.")
    parser.add_argument("--runs", type=int, default=10, help="runs of each of our commands")
    parser.add_argument("--vllm-runs", type=int, default=5, help="runs of vLLM's server")
    arguments = parser.parse_args()
    series = {
        name: Series(name, measure(name, arguments.vllm_runs if "vLLM" in name else arguments.runs))
        for name in CASES
    }
    checked, refused, by_vllm = series.values()
    rows = [[each.name, each.text(3)] for each in series.values()]
    print_table([["command", "seconds: median (range)"], *rows])
    ratio = by_vllm.median / refused.median
    print(f"vLLM's server takes {ratio:.1f} times as long to refuse the same wrong argument.")
    write_result(
        arguments.output,
        "check_vs_vllm",
        {
            "seconds": {name: each.values for name, each in series.items()},
            "check_median": checked.median,
            "ratio_refused": ratio,
            "ratio_check": by_vllm.median / checked.median,
        },
    )


def measure(name: str, runs: int) -> tuple[float, ...]:
    """Run a case once for warm files, then `runs` times; return the seconds."""
    command, status, text = CASES[name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # An installed package has its bytecode; a checkout gets it in the first run, if it may.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds = []
    for _ in range(runs + 1):
        took, code, output = timed(command, environment)
        if code != status or text not in output:
            raise SystemExit(f"{name} ended with {code}, not {status}:\n{output}")
        seconds.append(took)
    return tuple(seconds[1:])


if __name__ == "__main__":
    main()
