"""SGLang and TensorRT-LLM refuse what cannot work with a model too."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, ModelConfig, SglangBackend, TrtllmBackend
from dynamo.engines.planners import check_engine
from tests.models import configs, facts_of

LLAMA, QWEN3, R1 = "meta-llama/Meta-Llama-3.1-8B", "Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1"
FP8 = "Qwen/Qwen3-32B-FP8"
SERVER = Machine(gpus=8, models={name: facts_of(name) for name in configs()})


def sglang(model: str, engine: dict[str, Any]) -> list[Problem]:
    backend = SglangBackend(engine=engine)
    return check_engine(Config(backend=backend, model=ModelConfig(model)), SERVER)


def trtllm(model: str, **settings: Any) -> list[Problem]:
    backend = TrtllmBackend(**settings)
    return check_engine(Config(backend=backend, model=ModelConfig(model)), SERVER)


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        (LLAMA, {"tp_size": 8, "context_length": 131072}),
        (R1, {"tp_size": 8, "dp_size": 8, "ep_size": 8, "enable_dp_attention": True}),
        (FP8, {"quantization": "fp8", "dtype": "bfloat16"}),
        ("org/not-here", {"tp_size": 7, "context_length": 10_000_000}),
    ],
)
def test_what_works_with_sglang_passes(model: str, engine: dict[str, Any]) -> None:
    assert sglang(model, engine) == []


@pytest.mark.parametrize(
    ("model", "engine", "name"),
    [
        (LLAMA, {"tp_size": 3}, "tp_size"),
        (LLAMA, {"pp_size": 64}, "pp_size"),
        (LLAMA, {"ep_size": 2, "tp_size": 2}, "ep_size"),
        (R1, {"tp_size": 8, "dp_size": 3, "enable_dp_attention": True}, "dp_size"),
        (QWEN3, {"context_length": 65536}, "context_length"),
        (FP8, {"quantization": "awq"}, "quantization"),
        (FP8, {"dtype": "float32"}, "dtype"),
    ],
)
def test_what_fails_with_sglang_is_refused(model: str, engine: dict[str, Any], name: str) -> None:
    (problem,) = sglang(model, engine)
    assert problem.path == f"backend.engine.{name}"


def test_what_works_with_trtllm_passes() -> None:
    assert trtllm(LLAMA, tensor_parallel_size=8) == []
    free = {"enable_attention_dp": True}
    assert trtllm(LLAMA, tensor_parallel_size=3, engine=free) == []


@pytest.mark.parametrize("settings", [{"tensor_parallel_size": 3}, {"pipeline_parallel_size": 64}])
def test_what_fails_with_trtllm_is_refused(settings: dict[str, Any]) -> None:
    (problem,) = trtllm(LLAMA, **settings)
    assert problem.path == f"backend.{next(iter(settings))}"
