"""A worker for scripts.bench.planes: this project's with an echo engine, or the wheel's sample.

The sample is the smallest worker that the runtime wheel allows: one `serve_endpoint` with a
handler that yields the prompt back, and the same model registered. Both answer a request with its
first tokens, one a chunk.
"""

import argparse
import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import uvloop

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import Chunk, EngineInfo, GenerateRequest
from dynamo.worker.serve import set_environment
from scripts.bench.common import compose_plan

INFO = EngineInfo("0", 1 << 20, 16, 1 << 16, 1024, 8192, 1 << 20)
READY = "ready"


class EchoEngine:
    """An engine that takes no time."""

    async def start(self) -> EngineInfo:
        return INFO

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk]:
        """Yield one token of the prompt after the other."""
        last = request.max_tokens - 1
        for position in range(request.max_tokens):
            token = request.token_ids[position % len(request.token_ids)]
            yield Chunk([token], finish_reason="length" if position == last else None)

    async def abort(self, request_id: str) -> None:
        pass

    async def check_health(self) -> None:
        pass

    async def reset_prefix_cache(self) -> bool:
        return True

    async def stop(self) -> None:
        pass


async def echo(request: Any, context: Any) -> AsyncIterator[Any]:
    """The wheel's sample handler."""
    tokens, wanted = request["token_ids"], request["stop_conditions"]["max_tokens"]
    for position in range(wanted):
        if context.is_stopped():
            return
        message: dict[str, Any] = {"token_ids": [tokens[position % len(tokens)]]}
        if position == wanted - 1:
            message["finish_reason"] = "length"
        yield message


async def serve_ours(plan: LaunchPlan, directory: Path, stop: asyncio.Event) -> None:
    """Serve with everything that a worker of this project has, apart from a real engine."""
    from dynamo.worker.runtime import Worker

    worker = await Worker.start(plan, directory, EchoEngine(), INFO)
    gc.freeze()  # as dynamo.worker.serve does
    print(READY, flush=True)
    await stop.wait()
    await worker.close()


async def serve_sample(plan: LaunchPlan, directory: Path, stop: asyncio.Event) -> None:
    """Serve the sample handler alone."""
    from dynamo.worker.distributed import distributed_runtime
    from dynamo.worker.registration import register

    runtime = distributed_runtime(plan)
    endpoint = runtime.endpoint(plan.endpoint.path)
    await register(plan, endpoint, directory, INFO)
    serving = asyncio.ensure_future(endpoint.serve_endpoint(echo, graceful_shutdown=True))
    gc.freeze()
    print(READY, flush=True)
    await stop.wait()
    runtime.shutdown()
    with contextlib.suppress(Exception):
        await serving


async def _main(kind: str, overrides: Sequence[str], directory: Path) -> None:
    plan = compose_plan(overrides)
    set_environment(plan)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await (serve_ours if kind == "ours" else serve_sample)(plan, directory, stop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("ours", "sample"), required=True)
    parser.add_argument("--model", type=Path, required=True, help="directory of a model's files")
    parser.add_argument("overrides", nargs="*")
    arguments = parser.parse_args()
    uvloop.run(_main(arguments.kind, arguments.overrides, arguments.model))


if __name__ == "__main__":
    main()
