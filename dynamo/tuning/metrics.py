"""What a load measures: latency distributions and throughput, in seconds and per second.

For one request, with t0 the moment it is sent and t1 .. tk the arrivals of the chunks that carry
its n output tokens:

    TTFT (time to first token)         t1 - t0
    end-to-end latency                 tk - t0
    TPOT (time per output token)       (tk - t1) / (n - 1), for n of at least 2
    ITL (inter-token latency)          t2 - t1, t3 - t2, ...; all gaps of all requests together

Throughput divides by the time from the first request sent to the last token received.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class RequestTiming:
    """What one finished request has left behind; times are seconds on one clock."""

    sent_at: float
    arrivals: Sequence[float]
    """When each chunk with new tokens arrived."""
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Distribution:
    """Mean and percentiles of a latency, in seconds."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Metrics:
    """The result of one load."""

    num_requests: int
    input_tokens: int
    output_tokens: int
    duration_seconds: float
    """From the first request sent to the last token received."""
    output_tokens_per_second: float
    total_tokens_per_second: float
    """Input and output tokens."""
    requests_per_second: float
    ttft: Distribution
    tpot: Distribution | None
    """None when every request has one output token."""
    itl: Distribution | None
    end_to_end: Distribution


def summarize(timings: Sequence[RequestTiming]) -> Metrics:
    """Return the metrics of finished requests.

    Raises:
        ValueError: there is no request, or one has no output.
    """
    if not timings or not all(timing.arrivals for timing in timings):
        raise ValueError("every load needs a request, and every request needs output")
    duration = max(t.arrivals[-1] for t in timings) - min(t.sent_at for t in timings)
    input_tokens = sum(timing.input_tokens for timing in timings)
    output_tokens = sum(timing.output_tokens for timing in timings)
    return Metrics(
        num_requests=len(timings),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        duration_seconds=duration,
        output_tokens_per_second=output_tokens / duration,
        total_tokens_per_second=(input_tokens + output_tokens) / duration,
        requests_per_second=len(timings) / duration,
        ttft=distribution(t.arrivals[0] - t.sent_at for t in timings),
        tpot=_distribution_if_any(
            (t.arrivals[-1] - t.arrivals[0]) / (t.output_tokens - 1)
            for t in timings
            if t.output_tokens > 1
        ),
        itl=_distribution_if_any(
            later - earlier for t in timings for earlier, later in pairwise(t.arrivals)
        ),
        end_to_end=distribution(t.arrivals[-1] - t.sent_at for t in timings),
    )


def distribution(values: Iterable[float]) -> Distribution:
    """Return the mean and percentiles of at least one value."""
    ordered = sorted(values)
    return Distribution(
        mean=math.fsum(ordered) / len(ordered),
        p50=percentile(ordered, 50),
        p90=percentile(ordered, 90),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted values, interpolated linearly between the closest ranks."""
    rank = (len(ordered) - 1) * percent / 100
    below = math.floor(rank)
    above = math.ceil(rank)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def _distribution_if_any(values: Iterable[float]) -> Distribution | None:
    found = list(values)
    return distribution(found) if found else None
