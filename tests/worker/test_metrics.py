"""What a worker's status server tells beside the runtime's metrics."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from dynamo.config.plan import EndpointPlan, LaunchPlan, ModelPlan
from dynamo.worker.control.server import ControlServer
from dynamo.worker.metrics import metrics_text
from dynamo.worker.planes.durable_events.metrics import COUNTERS, GAUGES, families
from dynamo.worker.planes.durable_events.rank_recorder import RankRecorder
from tests.worker.control.test_server import LIMIT, live_settings

OBSERVABILITY = Path(__file__).parents[2] / "docs" / "observability"
PLAN = cast(
    LaunchPlan,
    SimpleNamespace(
        endpoint=EndpointPlan("blue", "backend", "generate"), model=ModelPlan("/m", "served")
    ),
)
LABELS = {
    "dynamo_namespace": "blue",
    "dynamo_component": "backend",
    "dynamo_endpoint": "generate",
    "model": "served",
}


class Counting:
    """An engine that counts one thing."""

    def metric_families(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("vllm:running", "Requests", labels=["engine"])
        family.add_metric(["0"], 3)
        return [family]


def samples(engine: Any, control: ControlServer | None = None) -> dict[str, dict[str, str]]:
    """Return the labels of each sample by its name."""
    text = metrics_text(PLAN, engine, control)()
    families = text_string_to_metric_families(text)
    return {sample.name: sample.labels for family in families for sample in family.samples}


def test_metrics_of_the_engine_get_the_labels_of_the_worker() -> None:
    assert samples(Counting()) == {"vllm:running": {**LABELS, "engine": "0"}}


def test_r111_an_engine_without_metrics_adds_none() -> None:
    assert samples(object()) == {}


def test_live_settings_and_their_changes_are_visible() -> None:
    control = ControlServer(cast(Any, None), live_settings())
    found = samples(object(), control)
    assert found["dynamo_launch_live_changes_total"] == LABELS
    assert LIMIT in metrics_text(PLAN, cast(Any, object()), control)()


def test_dashboard_and_alerts_know_exactly_the_metrics_of_our_own() -> None:
    rank = SimpleNamespace(
        rank=SimpleNamespace(dp_rank=0),
        feed=SimpleNamespace(repaired=0, lost=0),
        outbox=SimpleNamespace(overflows=0, waiting_bytes=0, blocks=(), exact=True),
    )
    control = ControlServer(cast(Any, None), live_settings())
    text = metrics_text(
        PLAN, cast(Any, object()), control, lambda: families([cast(RankRecorder, rank)])
    )()
    exported = set(re.findall(r"^(dynamo_launch_\w+)", text, re.MULTILINE))
    asked = {
        file: set(re.findall(r"dynamo_launch_\w+", (OBSERVABILITY / file).read_text()))
        for file in ("grafana-dashboard.json", "alerts.yaml")
    }
    assert len(exported) == len(COUNTERS) + len(GAUGES) + 2
    assert asked["grafana-dashboard.json"] == exported
    assert set() < asked["alerts.yaml"] <= exported


def test_r108_r109_metrics_of_several_processes_are_summed_without_duplicates(
    tmp_path: Path,
) -> None:
    code = """
import multiprocessing, prometheus_client
counter = prometheus_client.Counter("vllm:steps", "Steps", registry=prometheus_client.REGISTRY)
def count():
    counter.inc(2)
if __name__ == "__main__":
    counter.inc(1)
    child = multiprocessing.get_context("fork").Process(target=count)
    child.start(); child.join()
    from dynamo.engines.prometheus import engine_families
    (family,) = engine_families(["vllm:"])
    print([(s.name, s.value) for s in family.samples if s.name.endswith("total")])
"""
    command = [sys.executable, "-c", code]
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[('vllm:steps_total', 3.0)]", done.stderr
