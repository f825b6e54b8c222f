"""One measurement on a pooled engine, and what its failures become."""

import pytest

from dynamo.config.plan import LaunchPlan
from dynamo.engines.mocker.engine import MockEngine
from dynamo.tuning.bench import EngineLog, Progress, measure
from dynamo.tuning.pool import EnginePool
from dynamo.tuning.trial import Measurement, Outcome
from tests.tuning.plans import engine_plan, launch_plan

pytestmark = pytest.mark.slow


async def run(*plans: LaunchPlan) -> tuple[list[Measurement], list[Progress]]:
    progress: list[Progress] = []
    async with EnginePool(MockEngine, lambda plan: None) as pool:
        log = EngineLog()
        return [await measure(plan, pool, log, progress.append) for plan in plans], progress


async def test_a_measurement_counts_what_was_asked_for() -> None:
    (result,), _ = await run(launch_plan(num_requests=6, input_tokens=20, output_tokens=3))
    assert result.outcome is Outcome.OK
    metrics = result.metrics
    assert metrics is not None
    assert (metrics.num_requests, metrics.input_tokens, metrics.output_tokens) == (6, 120, 18)


async def test_measured_times_are_those_of_the_engine() -> None:
    engine = engine_plan(decode_step_seconds=0.02, prefill_tokens_per_second=1000)
    (result,), _ = await run(launch_plan(engine, concurrency=1, input_tokens=40, output_tokens=4))
    metrics = result.metrics
    assert metrics is not None
    assert metrics.tpot is not None
    assert 0.055 <= metrics.ttft.p50 < 2
    assert 0.015 <= metrics.tpot.p50 < 2


async def test_the_second_trial_on_an_engine_pays_no_start_and_finds_no_cache() -> None:
    engine = engine_plan(startup_seconds=0.05, prefill_tokens_per_second=1000)
    plan = launch_plan(engine, input_tokens=50, warmup_requests=0)
    (first, second), _ = await run(plan, plan)
    assert first.seconds.engine_start >= 0.05
    assert first.startup == {"engine": 0.05}
    assert second.seconds.engine_start == 0
    assert second.startup == {}
    assert second.metrics is not None
    assert second.metrics.ttft.p50 >= 0.05


async def test_progress_names_the_stages_and_counts_requests() -> None:
    slow = launch_plan(engine_plan(decode_step_seconds=0.1), num_requests=6, output_tokens=4)
    _, progress = await run(slow)
    assert progress[:2] == [Progress("engine start"), Progress("warm-up", 0, 1)]
    measuring = [each for each in progress if each.stage == "measuring"]
    assert measuring[0] == Progress("measuring", 0, 6)
    assert 0 < measuring[-1].finished <= 6


async def test_an_engine_without_tokens_gives_no_sign_of_life() -> None:
    stuck = launch_plan(
        engine_plan(decode_step_seconds=0.7), output_tokens=1, num_requests=1, warmup_requests=0
    )
    _, progress = await run(stuck)
    assert progress[1:] == [Progress("warm-up", 0, 0), Progress("measuring", 0, 1)]


@pytest.mark.parametrize(
    ("plan", "outcome", "error"),
    [
        (
            launch_plan(engine_plan(fail="start")),
            Outcome.START_FAILED,
            "RuntimeError: the engine fails to start because of fail=start",
        ),
        (
            launch_plan(engine_plan(fail="out_of_memory", max_num_seqs=64)),
            Outcome.OUT_OF_MEMORY,
            "MemoryError: out of memory with max_num_seqs=64",
        ),
        (
            launch_plan(engine_plan(fail="crash", crash_after_requests=3)),
            Outcome.CRASHED,
            "EngineDeadError: the engine crashed after 3 requests",
        ),
        (
            launch_plan(engine_plan(max_model_len=16)),
            Outcome.INVALID,
            (
                "the prompt has 20 tokens, which leaves no room for an answer within the "
                "context length of 16"
            ),
        ),
        (
            launch_plan(engine_plan(max_model_len=22)),
            Outcome.CRASHED,
            "WorkloadError: a request ended as 'length' with 2 of 3 output tokens",
        ),
    ],
    ids=["start", "out of memory", "crash", "prompt too long", "answer too long"],
)
async def test_a_failure_is_an_outcome_and_the_next_trial_runs(
    plan: LaunchPlan, outcome: Outcome, error: str
) -> None:
    (failed, after), _ = await run(plan, launch_plan())
    assert (failed.outcome, failed.error, failed.metrics) == (outcome, error, None)
    assert after.outcome is Outcome.OK


async def test_an_engine_that_crashed_is_started_again_for_the_next_trial() -> None:
    plan = launch_plan(engine_plan(fail="crash", crash_after_requests=3))
    (first, second), _ = await run(plan, plan)
    assert (first.outcome, second.outcome) == (Outcome.CRASHED, Outcome.CRASHED)
    assert second.seconds.engine_start > 0
