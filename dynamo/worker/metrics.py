"""Metrics of a worker on its status server, beside those of the runtime.

Engines export their metrics under their own names; here they get the labels by which the runtime's
metrics can be joined with them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import EngineProcess
from dynamo.engines.capabilities import ExposesMetrics
from dynamo.worker.control.server import ControlServer

LIVE_SETTING = "dynamo_launch_live_setting"
LIVE_CHANGES = "dynamo_launch_live_changes"


Families = Callable[[], Iterable[Metric]]


def register_metrics(
    plan: LaunchPlan,
    endpoint: Any,
    engine: EngineProcess,
    control: ControlServer | None,
    more: Families,
) -> None:
    """Let the status server's /metrics tell what engine and control routes know (R108 to R111),
    and what `more` does."""
    text = metrics_text(plan, engine, control, more)
    endpoint.metrics.register_prometheus_expfmt_callback(text)


def metrics_text(
    plan: LaunchPlan, engine: EngineProcess, control: ControlServer | None, more: Families = list
) -> Callable[[], str]:
    """Return what writes all samples of this moment in Prometheus' text format."""
    registry = CollectorRegistry()
    if isinstance(engine, ExposesMetrics):
        registry.register(_Labelled(engine.metric_families, labels(plan)))
    if control is not None:
        registry.register(_Labelled(lambda: _live(control), labels(plan)))
    registry.register(_Labelled(more, labels(plan)))
    return lambda: generate_latest(registry).decode()


def labels(plan: LaunchPlan) -> dict[str, str]:
    """Return the labels that the runtime's own metrics of this worker have."""
    return {
        "dynamo_namespace": plan.endpoint.namespace,
        "dynamo_component": plan.endpoint.component,
        "dynamo_endpoint": plan.endpoint.endpoint,
        "model": plan.model.served_name,
    }


class _Labelled(Collector):
    """Collects families anew at each scrape and adds labels to their samples."""

    def __init__(self, families: Families, labels: Mapping[str, str]) -> None:
        self._families = families
        self._labels = labels

    def collect(self) -> Iterable[Metric]:
        for family in self._families():
            labelled = Metric(family.name, family.documentation, family.type, family.unit)
            labelled.samples = [
                sample._replace(labels={**self._labels, **sample.labels})
                for sample in family.samples
                # When a series began doubles the number of series and is used by nobody here.
                if not sample.name.endswith("_created")
            ]
            yield labelled

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead: engines make families when they first need them."""
        return ()


def _live(control: ControlServer) -> Iterable[Metric]:
    settings = GaugeMetricFamily(LIVE_SETTING, "Value in force of a live setting", labels=["path"])
    for path, value in control.settings.values().items():
        if isinstance(value, int | float):
            settings.add_metric([path], float(value))
    changes = CounterMetricFamily(LIVE_CHANGES, "Changes made through the control routes")
    changes.add_metric([], control.changes_made)
    return [settings, changes]
