"""Engines are found by backend name, and imported only when one is built."""

import subprocess
import sys

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.registry import build_engine, can_follow


def plan(backend: str) -> EnginePlan:
    return EnginePlan(backend, "1", "cpu", {}, {})


def test_the_mock_engine_is_built() -> None:
    assert isinstance(build_engine(plan("mocker")), MockEngine)


def test_a_backend_without_an_engine_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the backend abacus cannot be started"):
        build_engine(plan("abacus"))


@pytest.mark.parametrize(("backend", "follows"), [("vllm", True), ("sglang", False)])
def test_r105_vllm_can_be_led_by_another_process(backend: str, follows: bool) -> None:
    assert can_follow(backend) is follows


def test_building_vllm_imports_neither_torch_nor_vllm() -> None:
    program = (
        "import sys; from dynamo.config.plan import EnginePlan;"
        "from dynamo.engines.registry import build_engine;"
        "build_engine(EnginePlan('vllm', '1', 'cpu', {}, {}));"
        "print([name for name in ('torch', 'vllm') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
