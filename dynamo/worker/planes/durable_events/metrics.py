"""How the writing of durable KV events goes, for the worker's /metrics."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from dynamo.worker.planes.durable_events.rank_recorder import RankRecorder

PREFIX = "dynamo_launch_durable_kv_events_"
Value = Callable[[RankRecorder], float]

COUNTERS: dict[str, tuple[str, Value]] = {
    "repaired": ("Batches that the engine was asked to repeat", lambda r: r.feed.repaired),
    "lost": ("Batches that no engine repeats any more", lambda r: r.feed.lost),
    "overflows": ("Times that too much waited for NATS", lambda r: r.outbox.overflows),
}
GAUGES: dict[str, tuple[str, Value]] = {
    "waiting_bytes": ("Events that wait for NATS", lambda r: r.outbox.waiting_bytes),
    "blocks": ("KV blocks that the rank holds", lambda r: len(r.outbox.blocks)),
    "exact": ("1 when these are all blocks, 0 after a loss", lambda r: r.outbox.exact),
}


def families(ranks: Sequence[RankRecorder]) -> Iterable[Metric]:
    """Return the samples of this moment, by data-parallel rank."""
    for name, (text, value) in COUNTERS.items():
        counter = CounterMetricFamily(PREFIX + name, text, labels=["dp_rank"])
        for rank in ranks:
            counter.add_metric([str(rank.rank.dp_rank)], value(rank))
        yield counter
    for name, (text, value) in GAUGES.items():
        gauge = GaugeMetricFamily(PREFIX + name, text, labels=["dp_rank"])
        for rank in ranks:
            gauge.add_metric([str(rank.rank.dp_rank)], float(value(rank)))
        yield gauge
