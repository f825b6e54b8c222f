"""Without any setting, a cluster's worker has the defaults that the reference documents state."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.compose import compose_config
from scripts.docs.conformance import Parameter, parameters

CONF = Path(__file__).parents[2] / "conf"
ENGINES = {"SGLang": "sglang", "TensorRT-LLM": "trtllm"}
"""Backend of each group of parameters; vLLM for all others."""
STATED = [one for one in parameters() if one.states_default]


@cache
def defaults(backend: str) -> Mapping[str, Any]:
    composition = compose_config(["deployment=cluster", f"backend={backend}"], {}, CONF)
    assert composition.problems == ()
    return composition.values


@pytest.mark.parametrize("parameter", STATED, ids=lambda one: f"{one.group}: {one.name}")
def test_a_documented_default_holds(parameter: Parameter) -> None:
    values = defaults(ENGINES.get(parameter.group, "vllm"))
    assert values[parameter.key] == parameter.default


def test_the_documents_state_many_defaults() -> None:
    assert len(STATED) >= 40
