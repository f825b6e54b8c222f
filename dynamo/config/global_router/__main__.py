"""Check a global router's file and show which pool a request gets.

python -m dynamo.config.global_router FILE [--isl N] [--context-length N] [--ttft MS] [--itl MS]
"""

import argparse
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dynamo.config.global_router import AXES, GlobalRouter, Pools, endpoint, read
from dynamo.config.problems import problem_text

BAD_INPUT = 2
OPTIONS = {
    "isl": "input length of the request, in tokens",
    "context_length": "prompt and generated tokens so far",
    "ttft": "target of the time to first token, in milliseconds",
    "itl": "target of the inter-token latency, in milliseconds",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; status 2 when the file has a problem."""
    options = _parser().parse_args(arguments)
    found = read(options.file)
    for problem in found.problems:
        label = "error" if problem.fatal else "notice"
        print(f"{label}: {problem_text(problem)}", file=sys.stderr)
    if found.router is None:
        return BAD_INPUT
    request = {name: getattr(options, name) for name in OPTIONS}
    lines = (*summary(found.router), *choices(found.router, request, options.priority))
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter's last flush needs an open file.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    return 0


def summary(router: GlobalRouter) -> Iterator[str]:
    """Describe the pools and their grids."""
    yield f"ok: mode {router.mode}"
    for pools in router.pools:
        rows, columns = pools.rows, pools.columns
        yield (
            f"{pools.kind}: {_count(len(pools.namespaces), 'pool')}; "
            f"{rows.name} {rows.minimum:g} to {rows.maximum:g} "
            f"in {_count(rows.resolution, 'row')}, "
            f"{columns.name} {columns.minimum:g} to {columns.maximum:g} "
            f"in {_count(columns.resolution, 'column')}"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def choices(
    router: GlobalRouter, request: Mapping[str, float | None], priority: int | None
) -> Iterator[str]:
    """Say which pool the request gets, for each kind that it says enough about."""
    used = {name for pools in router.pools for name in AXES[pools.kind]}
    for name, value in request.items():
        if value is not None and name not in used:
            yield f"{name} is not asked for in mode {router.mode}"
    for pools in router.pools:
        if any(request[name] is not None for name in AXES[pools.kind]) or priority is not None:
            yield _choice(pools, request, priority, router.enable_priority_retry)


def _choice(
    pools: Pools, request: Mapping[str, float | None], priority: int | None, retry: bool
) -> str:
    row, column = (request[name] for name in AXES[pools.kind])
    pool = pools.select(row, column, priority)
    cell = f"row {pools.rows.index(row)}, column {pools.columns.index(column)}"
    text = f"{pools.kind}: pool {pool}, {endpoint(pools.namespaces[pool])} ({cell}"
    middle = [name for name in AXES[pools.kind] if request[name] is None]
    text += f"; middle of the range of {' and '.join(middle)})" if middle else ")"
    later = pools.retry_order(pool) if retry else ()
    return text + (f"; retried on {', '.join(map(str, later))}" if later else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m dynamo.config.global_router", allow_abbrev=False)
    parser.description = "Check a global router's file and show which pool a request gets."
    parser.add_argument("file", type=Path, help="JSON file of the global router")
    for name, text in OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=_finite, metavar="N", help=text)
    parser.add_argument("--priority", type=int, metavar="N", help="priority of the request")
    return parser


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
