"""What an estimate means to the user."""

from dataclasses import replace

import pytest

from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan, MemorySettings
from dynamo.engines.memory.fit import fit_problems, memory_note

GIB = 2**30
ESTIMATE = MemoryEstimate(
    total_bytes=80 * GIB,
    budget_bytes=72 * GIB,
    weights_bytes=15 * GIB,
    reserve_bytes=2 * GIB,
    kv_cache_bytes=55 * GIB,
    kv_cache_tokens=450_560,
    longest_sequence=131_072,
    sequence_bytes=16 * GIB,
)
PLAN = MemoryPlan(1, 1, 0.9, None, MemorySettings("e.len", "e.share", "e.tp"), estimate=ESTIMATE)


def changed(**values: object) -> MemoryPlan:
    return replace(PLAN, estimate=replace(ESTIMATE, **values))  # type: ignore[arg-type]


def test_what_fits_is_a_note_and_no_problem() -> None:
    assert list(fit_problems(PLAN)) == []
    note = memory_note(PLAN)
    for words in ("15.0 GiB of weights", "450,560 tokens", "3.4 sequences of 131,072"):
        assert words in note


def test_a_sequence_that_does_not_fit_gets_a_length_that_does() -> None:
    (problem,) = fit_problems(changed(kv_cache_bytes=4 * GIB))
    assert (problem.path, problem.value, problem.fatal) == ("e.len", 131_072, True)
    assert problem.suggestion == f"e.len={131_072 // 4}"
    assert "e.share" in problem.allowed
    assert "e.tp" in problem.allowed


def test_an_engine_that_makes_do_with_less_gets_a_notice() -> None:
    (problem,) = fit_problems(replace(changed(kv_cache_bytes=4 * GIB), strict=False))
    assert not problem.fatal


def test_what_is_too_close_to_tell_is_a_notice() -> None:
    (problem,) = fit_problems(changed(kv_cache_bytes=12 * GIB))
    assert not problem.fatal


@pytest.mark.parametrize(("weights", "ranks"), [(141, 4), (406, 8), (812, 16)])
def test_weights_that_do_not_fit_get_more_gpus(weights: int, ranks: int) -> None:
    (problem,) = fit_problems(changed(weights_bytes=weights * GIB, kv_cache_bytes=0))
    assert (problem.path, problem.fatal) == ("e.tp", True)
    assert problem.suggestion == f"e.tp={ranks}"


def test_without_an_estimate_or_a_gpu_nothing_is_claimed() -> None:
    unknown = changed(kv_cache_bytes=None, kv_cache_tokens=None)
    assert list(fit_problems(unknown)) == []
    assert "is not known here" in memory_note(unknown)
    without = replace(PLAN, estimate=None)
    assert (list(fit_problems(without)), memory_note(without)) == ([], "")
