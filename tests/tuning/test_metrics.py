"""The formulas of the latency and throughput metrics."""

import pytest

from dynamo.tuning.metrics import RequestTiming, distribution, percentile, summarize

SLOW = RequestTiming(sent_at=10.0, arrivals=(10.5, 10.7, 11.1), input_tokens=100, output_tokens=3)
QUICK = RequestTiming(sent_at=10.2, arrivals=(10.3, 10.4), input_tokens=50, output_tokens=2)


def test_time_to_first_token_runs_from_sending_to_the_first_chunk() -> None:
    assert summarize([SLOW]).ttft.mean == pytest.approx(0.5)


def test_time_per_output_token_leaves_the_first_token_out() -> None:
    assert summarize([SLOW]).tpot.p50 == pytest.approx(0.6 / 2)  # type: ignore[union-attr]


def test_inter_token_latencies_are_the_gaps_of_all_requests_together() -> None:
    itl = summarize([SLOW, QUICK]).itl
    assert itl is not None
    assert itl.p50 == pytest.approx(0.2)
    assert itl.mean == pytest.approx((0.2 + 0.4 + 0.1) / 3)


def test_end_to_end_latency_runs_to_the_last_chunk() -> None:
    assert summarize([SLOW]).end_to_end.p99 == pytest.approx(1.1)


def test_throughput_divides_by_the_span_of_the_whole_load() -> None:
    metrics = summarize([SLOW, QUICK])
    assert metrics.duration_seconds == pytest.approx(1.1)
    assert metrics.output_tokens_per_second == pytest.approx(5 / 1.1)
    assert metrics.total_tokens_per_second == pytest.approx(155 / 1.1)
    assert metrics.requests_per_second == pytest.approx(2 / 1.1)


def test_tokens_that_arrive_together_count_each_for_the_time_per_token() -> None:
    burst = RequestTiming(sent_at=0.0, arrivals=(1.0, 2.0), input_tokens=1, output_tokens=5)
    metrics = summarize([burst])
    assert metrics.tpot is not None
    assert metrics.itl is not None
    assert metrics.tpot.mean == pytest.approx(1 / 4)
    assert metrics.itl.mean == pytest.approx(1.0)


def test_one_output_token_has_no_time_per_further_token() -> None:
    metrics = summarize([RequestTiming(0.0, (0.5,), 10, 1)])
    assert (metrics.tpot, metrics.itl) == (None, None)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 2.5), (90, 3.7), (95, 3.85), (100, 4.0)]
)
def test_percentiles_are_interpolated_between_the_closest_ranks(
    percent: float, expected: float
) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == pytest.approx(expected)


def test_a_single_value_is_every_percentile() -> None:
    single = distribution([7.0])
    assert (single.mean, single.p50, single.p90, single.p95, single.p99) == (7.0,) * 5


@pytest.mark.parametrize("timings", [[], [RequestTiming(0.0, (), 10, 0)]])
def test_a_load_without_output_has_no_metrics(timings: list[RequestTiming]) -> None:
    with pytest.raises(ValueError, match="output"):
        summarize(timings)
