"""Continuous batching: limits, chunked prefill, prefix reuse, preemption."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.engines.base import GenerateRequest
from dynamo.engines.mocker.arguments import MockArguments
from dynamo.engines.mocker.output import next_chunk
from dynamo.engines.mocker.scheduler import RunningSequence, Scheduler, Step


def scheduler(**arguments: Any) -> Scheduler:
    return Scheduler(MockArguments(**{"block_size": 4, "num_gpu_blocks": 64, **arguments}))


def add(batch: Scheduler, prompt: Sequence[int], max_tokens: int = 8) -> RunningSequence:
    return batch.add(GenerateRequest(str(id(prompt)), prompt, max_tokens), choice=0, seed=0)


def run_step(batch: Scheduler) -> Step:
    """Compute one step and append the tokens that are due, as the engine does."""
    step = batch.schedule()
    for sequence in batch.complete(step):
        if next_chunk(sequence, MockArguments()).finish_reason is not None:
            batch.remove(sequence)
    return step


def test_no_more_sequences_run_than_max_num_seqs() -> None:
    batch = scheduler(max_num_seqs=2)
    for start in range(5):
        add(batch, [start, 1, 2])
    run_step(batch)
    assert (len(batch.running), len(batch.waiting)) == (2, 3)


def test_a_finished_sequence_makes_room_for_the_next_one() -> None:
    batch = scheduler(max_num_seqs=1)
    add(batch, [1, 2], max_tokens=1)
    second = add(batch, [3, 4])
    run_step(batch)
    assert run_step(batch).scheduled == [(second, 2)]


def test_a_long_prompt_is_computed_in_chunks_of_the_token_budget() -> None:
    batch = scheduler(max_num_batched_tokens=10)
    add(batch, range(25))
    assert [run_step(batch).prefill_tokens for _ in range(3)] == [10, 10, 5]
    assert run_step(batch) == Step([(batch.running[0], 1)], prefill_tokens=0, decode_sequences=1)


def test_decoding_goes_before_new_prompts_within_the_budget() -> None:
    batch = scheduler(max_num_batched_tokens=6)
    add(batch, range(4))
    run_step(batch)
    add(batch, range(10, 20))
    step = run_step(batch)
    assert (step.decode_sequences, step.prefill_tokens) == (1, 5)


def test_an_equal_prefix_is_not_computed_twice() -> None:
    batch = scheduler()
    first = add(batch, [*range(12), 50], max_tokens=1)
    run_step(batch)
    second = add(batch, [*range(12), 60], max_tokens=1)
    assert run_step(batch).prefill_tokens == 1
    assert (first.cached_tokens, second.cached_tokens) == (0, 12)


def test_the_last_prompt_token_is_computed_even_when_all_blocks_are_cached() -> None:
    batch = scheduler()
    add(batch, range(12), max_tokens=1)
    run_step(batch)
    repeated = add(batch, range(12), max_tokens=1)
    assert run_step(batch).prefill_tokens == 4
    assert repeated.cached_tokens == 8


def test_nothing_is_reused_without_prefix_caching() -> None:
    batch = scheduler(enable_prefix_caching=False)
    for _ in range(2):
        sequence = add(batch, range(12), max_tokens=1)
        assert run_step(batch).prefill_tokens == 12
        assert sequence.cached_tokens == 0


def test_when_blocks_run_out_the_youngest_sequence_is_preempted_and_starts_over() -> None:
    batch = scheduler(num_gpu_blocks=4, enable_prefix_caching=False)
    old, young = add(batch, range(7), 8), add(batch, range(20, 27), 8)
    run_step(batch)
    run_step(batch)
    assert batch.running == [old, young]
    run_step(batch)
    assert batch.running == [old]
    assert list(batch.waiting) == [young]
    assert (young.blocks, young.computed_tokens, young.num_output_tokens) == ([], 0, 2)


@pytest.mark.parametrize("num_gpu_blocks", [4, 7, 64])
def test_every_sequence_finishes_and_all_blocks_come_back(num_gpu_blocks: int) -> None:
    batch = scheduler(num_gpu_blocks=num_gpu_blocks, max_num_seqs=8, max_num_batched_tokens=5)
    sequences = [add(batch, range(start, start + 7), max_tokens=9) for start in range(0, 80, 10)]
    steps = 0
    while batch.has_work:
        run_step(batch)
        steps += 1
        assert steps < 2000
    assert [sequence.num_output_tokens for sequence in sequences] == [9] * 8
    assert batch.pool.num_used == 0


def test_removing_a_sequence_frees_its_blocks_at_once() -> None:
    batch = scheduler()
    running, waiting = add(batch, range(9)), add(batch, range(20, 29))
    run_step(batch)
    batch.remove(running)
    batch.remove(waiting)
    assert (batch.pool.num_used, batch.has_work) == (0, False)


@given(
    arguments=st.fixed_dictionaries(
        {
            "max_num_seqs": st.integers(1, 5),
            "max_num_batched_tokens": st.integers(1, 12),
            "num_gpu_blocks": st.integers(6, 20),
            "enable_prefix_caching": st.booleans(),
        }
    ),
    prompts=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 10)), min_size=1, max_size=8),
    aborts=st.sets(st.integers(0, 7)),
)
def test_limits_hold_in_every_step_whatever_arrives(
    arguments: dict[str, Any], prompts: list[tuple[int, int]], aborts: set[int]
) -> None:
    batch = scheduler(**arguments)
    sequences = [add(batch, range(length), max_tokens) for length, max_tokens in prompts]
    steps = 0
    while batch.has_work:
        step = run_step(batch)
        assert 0 < sum(count for _, count in step.scheduled) <= arguments["max_num_batched_tokens"]
        assert len(batch.running) <= arguments["max_num_seqs"]
        steps += 1
        assert steps < 5000
        if steps == 3:
            for index in aborts & set(range(len(sequences))):
                batch.remove(sequences[index])
    for index, (sequence, (_, max_tokens)) in enumerate(zip(sequences, prompts, strict=True)):
        if index not in aborts:
            assert sequence.num_output_tokens == max_tokens
    assert batch.pool.num_used == 0
