"""The load generator against servers, as a process of its own.

Reads JSON lines from stdin, each `{"url": ..., "model": ..., "vocab_size": ..., "workload": ...}`;
answers each with one JSON line of metrics on stdout.
"""

import asyncio
import dataclasses
import json
import sys
from typing import Any

from dynamo.config.plan import WorkloadPlan
from dynamo.tuning.metrics import summarize
from dynamo.tuning.workload import measured_requests, run_closed_loop
from scripts.bench.http_target import HttpTarget


async def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run one load and return its metrics."""
    workload = WorkloadPlan(**order["workload"])
    requests = measured_requests(workload, order["vocab_size"])
    async with HttpTarget(order["url"], order["model"]) as target:
        timings = await run_closed_loop(target.send, requests, workload.concurrency)
    return dataclasses.asdict(summarize(timings))


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(asyncio.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
