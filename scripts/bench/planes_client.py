"""The load generator of scripts.bench.planes: one process that asks several workers in turn.

Reads JSON lines from stdin, each a Load; answers each with one JSON line: seconds of the whole, and
of each request.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import uvloop

from dynamo.config.plan import HttpPlanePlan, LaunchPlan
from dynamo.worker.serve import set_environment
from scripts.bench.common import compose_plan

Send = Callable[[Any], AsyncIterator[Any]]


def request(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    """Return a request of the token protocol, as complete as the frontend sends it."""
    return {
        "model": "bench",
        "token_ids": list(range(1, input_tokens + 1)),
        "stop_conditions": {
            "max_tokens": output_tokens, "stop": None, "stop_token_ids": None, "min_tokens": None,
            "ignore_eos": True,
        },
        "sampling_options": {"n": None, "temperature": 0.0, "top_p": None, "seed": None},
        "output_options": {"logprobs": None, "prompt_logprobs": None},
        "eos_token_ids": [],
        "annotations": [],
    }  # fmt: skip


async def run(send: Send, load: dict[str, Any]) -> dict[str, Any]:
    """Send requests in a closed loop and check that every answer is complete."""
    asked = request(load["input_tokens"], load["output_tokens"])
    left = iter(range(load["requests"]))
    seconds: list[float] = []

    async def client() -> None:
        for _ in left:
            begin = time.perf_counter()
            chunks = 0
            async for _message in send(asked):
                chunks += 1
            seconds.append(time.perf_counter() - begin)
            if chunks != load["output_tokens"]:
                raise RuntimeError(f"{chunks} chunks instead of {load['output_tokens']}")

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(load["concurrency"])))
    return {"seconds": time.perf_counter() - begin, "each": seconds}


async def senders(plan: LaunchPlan, targets: Sequence[str]) -> dict[str, Send]:
    """Connect to `kind=namespace` for each target; kind is `http` or the runtime's own plane."""
    from dynamo.worker.distributed import distributed_runtime
    from dynamo.worker.planes.http.client import HttpClient
    from dynamo.worker.planes.http.discovery import address_path

    runtime = distributed_runtime(plan)
    found: dict[str, Send] = {}
    for target in targets:
        kind, namespace = target.split("=")
        if kind == "http":
            endpoint = runtime.endpoint(address_path(namespace, "backend"))
            found[target] = (await HttpClient.open(endpoint, HttpPlanePlan())).generate
        else:
            client = await runtime.endpoint(f"{namespace}.backend.generate").client()
            await client.wait_for_instances()
            found[target] = _native(client)
    return found


def _native(client: Any) -> Send:
    async def send(asked: Any) -> AsyncIterator[Any]:
        async for message in await client.round_robin(asked, annotated=False):
            yield message

    return send


async def _main(overrides: Sequence[str], targets: Sequence[str]) -> None:
    plan = compose_plan(overrides)
    set_environment(plan)
    found = await senders(plan, targets)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        load = json.loads(line)
        print(json.dumps(await run(found[load["target"]], load)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("overrides", nargs="*")
    arguments = parser.parse_args()
    uvloop.run(_main(arguments.overrides, arguments.target))


if __name__ == "__main__":
    main()
