"""Prometheus metrics that an engine keeps, from one process or from several."""

import os
from collections.abc import Sequence

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from dynamo.engines.metrics_directory import VARIABLE


def engine_families(prefixes: Sequence[str]) -> list[Metric]:
    """Return the families whose names begin with one of the prefixes, each once.

    Where several processes of the engine write metrics (R108), they are summed up in a registry of
    their own (R109): this process writes its own into the same directory, so the global registry
    would repeat them.
    """
    registry = REGISTRY
    if os.environ.get(VARIABLE):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return [family for family in registry.collect() if family.name.startswith(tuple(prefixes))]
