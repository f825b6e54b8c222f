"""Dashboard and alert rules speak of metrics that a real worker and its frontend export."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.backends import VLLM_ONLY, Backend
from tests.e2e.servers import MODEL, Server

OBSERVABILITY = Path(__file__).parents[2] / "docs" / "observability"
NAME = re.compile(r"\b(?:dynamo_(?:frontend|component|launch|work)_|vllm:|lmcache:)\w+")
OURS = "dynamo_launch_"
"""Off by default: tests/worker/test_metrics.py compares these with what is exported."""


def texts(tree: Any) -> Iterator[str]:
    """Yield every text in a tree of JSON or YAML."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list | dict):
        for below in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(below)


def names_in(tree: Any) -> set[str]:
    return {name for text in texts(tree) for name in NAME.findall(text)} - {"dynamo_namespace"}


@pytest.fixture(scope="module")
def samples(server: Server) -> dict[str, dict[str, str]]:
    """Return the labels of one sample of each name, once a request was answered."""
    assert server.chat().status_code == 200
    families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
    return {sample.name: sample.labels for family in families for sample in family.samples}


@VLLM_ONLY
@pytest.mark.parametrize("file", ["grafana-dashboard.json", "alerts.yaml"])
def test_every_metric_that_is_asked_for_is_exported(
    samples: dict[str, dict[str, str]], file: str
) -> None:
    text = (OBSERVABILITY / file).read_text()
    asked = names_in(json.loads(text) if file.endswith("json") else yaml.safe_load(text))
    assert len(asked) > 5
    assert {name for name in asked - samples.keys() if not name.startswith(OURS)} == set()


def test_metrics_of_the_engine_can_be_joined_with_those_of_the_runtime(
    samples: dict[str, dict[str, str]], backend: Backend
) -> None:
    ours = samples[backend.running]
    runtimes = samples["dynamo_component_requests_total"]
    for name in ("dynamo_namespace", "dynamo_component", "model"):
        assert ours[name] == runtimes[name]
    assert ours["model"] == MODEL


def test_r109_no_series_is_exported_twice(server: Server, backend: Backend) -> None:
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    series = [line.rsplit(" ", 1)[0] for line in lines if line.startswith(f"{backend.name}:")]
    assert series
    assert len(series) == len(set(series))
