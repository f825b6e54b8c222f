"""Synthetic load: the same prompts for the same seed, sent by clients that never pause.

The target is any callable that turns a request into a stream of chunks: an engine's `generate`,
or a client of a server.
"""

import asyncio
import random
import sys
import time
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from dynamo.config.plan import WorkloadPlan
from dynamo.engines.base import Chunk, GenerateRequest
from dynamo.tuning.metrics import RequestTiming

Send = Callable[[GenerateRequest], AsyncIterator[Chunk]]


@dataclass
class LoadProgress:
    """How far a running load is; written by the load, read by whoever wants to know."""

    finished_requests: int = 0
    output_tokens: int = 0


class WorkloadError(RuntimeError):
    """A request ended in another way than with all its tokens."""


def warmup_requests(workload: WorkloadPlan, vocab_size: int) -> list[GenerateRequest]:
    """Return the requests before the measurement; their prompts never occur in it."""
    return _requests(workload, vocab_size, "warmup", workload.warmup_requests)


def measured_requests(workload: WorkloadPlan, vocab_size: int) -> list[GenerateRequest]:
    """Return the measured requests."""
    return _requests(workload, vocab_size, "measured", workload.num_requests)


def synthetic_prompt(seed: str, length: int, vocab_size: int) -> list[int]:
    """Return random token ids; two seeds share no prefix, except by chance."""
    words = array("I", random.Random(seed).randbytes(4 * length))  # noqa: S311 - load, not secrets
    if sys.byteorder == "big":
        words.byteswap()
    return [word % vocab_size for word in words]


async def run_closed_loop(
    send: Send,
    requests: Sequence[GenerateRequest],
    concurrency: int,
    progress: LoadProgress | None = None,
) -> list[RequestTiming]:
    """Send all requests through `concurrency` clients; each sends its next one at once.

    The first failure cancels the others, which aborts them in the engine.

    Raises:
        WorkloadError: a request did not get exactly `max_tokens` tokens.
        Exception: whatever `send` raised first.
    """
    progress = progress or LoadProgress()
    remaining = iter(requests)
    timings: list[RequestTiming] = []

    async def client() -> None:
        for request in remaining:
            timings.append(await _time_request(send, request, progress))
            progress.finished_requests += 1

    clients = [asyncio.create_task(client()) for _ in range(min(concurrency, len(requests)))]
    try:
        await asyncio.gather(*clients)
    finally:
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    return timings


async def _time_request(
    send: Send, request: GenerateRequest, progress: LoadProgress
) -> RequestTiming:
    arrivals: list[float] = []
    output_tokens = 0
    finish_reason = None
    sent_at = time.perf_counter()
    stream = send(request)
    try:
        async for chunk in stream:
            if chunk.token_ids:
                arrivals.append(time.perf_counter())
                output_tokens += len(chunk.token_ids)
                progress.output_tokens += len(chunk.token_ids)
            finish_reason = chunk.finish_reason or finish_reason
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    if output_tokens != request.max_tokens:
        raise WorkloadError(
            f"a request ended as {finish_reason!r} with {output_tokens} of {request.max_tokens} "
            "output tokens"
        )
    return RequestTiming(sent_at, arrivals, len(request.token_ids), output_tokens)


def _requests(
    workload: WorkloadPlan, vocab_size: int, purpose: str, count: int
) -> list[GenerateRequest]:
    return list(_generate_requests(workload, vocab_size, purpose, count))


def _generate_requests(
    workload: WorkloadPlan, vocab_size: int, purpose: str, count: int
) -> Iterator[GenerateRequest]:
    for index in range(count):
        name = f"{purpose}-{index}"
        yield GenerateRequest(
            request_id=name,
            token_ids=synthetic_prompt(
                f"{workload.seed}-{name}", workload.input_tokens, vocab_size
            ),
            max_tokens=workload.output_tokens,
            sampling={"temperature": 0.0},
            ignore_eos=True,
        )
