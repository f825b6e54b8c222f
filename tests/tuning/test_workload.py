"""The synthetic load: reproducible prompts, a closed loop, exact output lengths."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dynamo.engines.base import Chunk, EngineDeadError, GenerateRequest
from dynamo.engines.mocker.engine import MockEngine
from dynamo.tuning.workload import (
    LoadProgress,
    WorkloadError,
    measured_requests,
    run_closed_loop,
    synthetic_prompt,
    warmup_requests,
)
from tests.tuning.plans import engine_plan, workload


class Target:
    """Answers every request after a moment, and counts those in flight."""

    def __init__(self, seconds: float = 0.002, tokens: int | None = None) -> None:
        self.in_flight = 0
        self.most_in_flight = 0
        self.order: list[str] = []
        self._seconds = seconds
        self._tokens = tokens

    async def send(self, request: GenerateRequest) -> AsyncIterator[Chunk]:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.order.append(request.request_id)
        try:
            await asyncio.sleep(self._seconds)
            count = request.max_tokens if self._tokens is None else self._tokens
            yield Chunk([7] * count, finish_reason="length")
        finally:
            self.in_flight -= 1


def test_equal_seeds_give_equal_prompts_and_other_seeds_others() -> None:
    assert measured_requests(workload(), 1000) == measured_requests(workload(), 1000)
    assert measured_requests(workload(), 1000) != measured_requests(workload(seed=1), 1000)


def test_prompts_are_the_same_on_every_machine() -> None:
    assert synthetic_prompt("0-measured-0", 4, 32_000) == [17496, 11501, 6551, 11351]


def test_prompts_have_the_asked_length_and_stay_within_the_vocabulary() -> None:
    prompts = [r.token_ids for r in measured_requests(workload(input_tokens=500), 300)]
    assert {len(prompt) for prompt in prompts} == {500}
    assert {token for prompt in prompts for token in prompt} == set(range(300))


def test_no_two_prompts_of_a_run_share_a_prefix() -> None:
    load = workload(num_requests=50, warmup_requests=50)
    requests = warmup_requests(load, 32_000) + measured_requests(load, 32_000)
    assert len({tuple(request.token_ids[:4]) for request in requests}) == 100


def test_output_lengths_are_exact_because_end_of_sequence_is_ignored() -> None:
    request = measured_requests(workload(output_tokens=9), 1000)[0]
    assert (request.max_tokens, request.ignore_eos) == (9, True)


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_exactly_concurrency_requests_are_in_flight(concurrency: int) -> None:
    target = Target()
    requests = measured_requests(workload(num_requests=12), 1000)
    timings = await run_closed_loop(target.send, requests, concurrency)
    assert (len(timings), target.most_in_flight) == (12, concurrency)
    assert sorted(target.order) == sorted(request.request_id for request in requests)


async def test_a_slow_request_holds_up_only_its_own_client() -> None:
    sent: list[str] = []

    async def send(request: GenerateRequest) -> AsyncIterator[Chunk]:
        sent.append(request.request_id)
        await asyncio.sleep(0.2 if request.request_id == "measured-0" else 0.001)
        yield Chunk([1] * request.max_tokens, finish_reason="length")

    loop = asyncio.create_task(run_closed_loop(send, measured_requests(workload(), 1000), 2))
    await asyncio.sleep(0.1)
    assert len(sent) == 4
    await loop


async def test_progress_counts_requests_and_tokens() -> None:
    progress = LoadProgress()
    requests = measured_requests(workload(num_requests=5, output_tokens=3), 1000)
    await run_closed_loop(Target().send, requests, 2, progress)
    assert progress == LoadProgress(finished_requests=5, output_tokens=15)


async def test_a_wrong_output_length_fails_the_load() -> None:
    requests = measured_requests(workload(output_tokens=3), 1000)
    with pytest.raises(WorkloadError, match="'length' with 2 of 3 output tokens"):
        await run_closed_loop(Target(tokens=2).send, requests, 2)


async def test_the_first_failure_ends_the_load_and_frees_the_engine() -> None:
    engine = MockEngine(engine_plan(decode_step_seconds=0.01, fail="crash", crash_after_requests=2))
    await engine.start()
    requests = measured_requests(workload(num_requests=10, output_tokens=1000), 1000)
    with pytest.raises(EngineDeadError):
        await run_closed_loop(engine.generate, requests, 3)
    assert engine.num_used_blocks == 0
    await engine.stop()


async def test_cancelling_the_load_frees_the_engine() -> None:
    engine = MockEngine(engine_plan(decode_step_seconds=0.01))
    await engine.start()
    requests = measured_requests(workload(output_tokens=1000), 1000)
    load = asyncio.create_task(run_closed_loop(engine.generate, requests, 2))
    await asyncio.sleep(0.05)
    assert engine.num_used_blocks > 0
    load.cancel()
    with pytest.raises(asyncio.CancelledError):
        await load
    assert engine.num_used_blocks == 0
    await engine.stop()
