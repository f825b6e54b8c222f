"""Which pool a request gets: the grid, its edges, priorities and retries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.global_router import Axis, GlobalRouter, Pools, check, endpoint
from tests.config.global_router.files import agg, disagg


def router(data: object) -> GlobalRouter:
    found = check(data)
    assert found.router is not None, found.problems
    return found.router


PREFILL, DECODE = router(disagg()).pools
(BOTH,) = router(agg()).pools


@pytest.mark.parametrize(
    ("isl", "ttft", "pool"),
    [
        (100, 150, 0),  # first row, first column
        (100, 200, 0),  # a value on a border belongs to the step above it
        (100, 399, 1),
        (16000, 250, 1),
        (15999, 250, 0),
        (-5, -5, 0),  # below the range: the first step
        (10**9, 10**9, 1),  # above it: the last
        (32000, 400, 1),
    ],
)
def test_r170_row_and_column_are_cut_to_the_grid(isl: float, ttft: float, pool: int) -> None:
    assert PREFILL.select(isl, ttft) == pool


def test_r170_decode_pools_are_chosen_by_context_length_and_itl() -> None:
    cells = [(0, 10), (0, 30), (500, 10), (500, 30)]
    assert [DECODE.select(*cell) for cell in cells] == [0, 1, 1, 2]


def test_r170_pools_of_both_phases_are_chosen_by_both_targets() -> None:
    cells = [(50, 5), (50, 44), (300, 5), (300, 44)]
    assert [BOTH.select(*cell) for cell in cells] == [0, 0, 0, 1]


def test_r171_a_missing_target_counts_as_the_middle_of_its_range() -> None:
    assert PREFILL.columns.index(None) == PREFILL.columns.index(250) == 1
    assert DECODE.select(0, None) == DECODE.select(0, 30)


def test_r171_a_target_of_zero_is_a_target() -> None:
    assert PREFILL.columns.index(0) == 0 != PREFILL.columns.index(None)


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.integers(1, 1000),
    st.floats(allow_nan=False) | st.integers() | st.none(),
)
def test_r170_every_value_has_a_step(
    low: float, width: float, resolution: int, value: float | None
) -> None:
    assert 0 <= Axis("ttft", low, low + width, resolution).index(value) < resolution


@given(st.integers(1, 50), st.integers(0, 49))
def test_r170_the_middle_of_a_step_lies_in_it(resolution: int, step: int) -> None:
    axis = Axis("isl", 0, 1000, resolution)
    inside = min(step, resolution - 1)
    assert axis.index((inside + 0.5) * axis.step) == inside


@pytest.mark.parametrize(
    ("priority", "pool"), [(None, 1), (9, 1), (10, 0), (20, 0), (21, 1), (-1, 1)]
)
def test_an_override_counts_for_the_priorities_of_its_range(
    priority: int | None, pool: int
) -> None:
    assert BOTH.select(449, 44, priority) == pool


@pytest.mark.parametrize(
    ("priorities", "pool", "order"),
    [
        ((), 2, (1, 0)),
        ((), 0, ()),
        ((2, 1, 0), 0, (1, 2)),
        ((0, 0, 1), 2, (0, 1)),
        ((5, 5, 5), 1, ()),
    ],
)
def test_a_failed_request_is_tried_on_faster_pools_the_slowest_first(
    priorities: tuple[int, ...], pool: int, order: tuple[int, ...]
) -> None:
    axis = Axis("isl", 0, 1, 1)
    pools = Pools("prefill", ("a", "b", "c"), axis, axis, ((0,),), (), priorities)
    assert pools.retry_order(pool) == order


def test_r172_a_pool_is_served_by_the_router_of_its_namespace() -> None:
    assert endpoint(PREFILL.namespaces[1]) == "dyn://prefill-slow.router.generate"
