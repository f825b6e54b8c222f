"""Combinations with which vLLM fails at its start are refused before it."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, ModelConfig
from dynamo.engines.vllm.arguments import engine_plan
from dynamo.engines.vllm.planning import check
from tests.models import configs, facts_of

Build = Callable[..., Config]

LLAMA, QWEN3, MOE = "meta-llama/Meta-Llama-3.1-8B", "Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B"
R1, V32, GPT_OSS = "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V3.2", "openai/gpt-oss-20b"
FP8 = "Qwen/Qwen3-32B-FP8"
SERVER = Machine(gpus=8, models={name: facts_of(name) for name in configs()})


def problems(build: Build, model: str, engine: dict[str, Any], **backend: Any) -> list[Problem]:
    return check(build(engine, model=ModelConfig(model), **backend), SERVER)


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        (LLAMA, {"tensor_parallel_size": 8, "max_model_len": 131072}),
        (MOE, {"tensor_parallel_size": 8, "enable_expert_parallel": True}),
        (MOE, {"tensor_parallel_size": 8, "decode_context_parallel_size": 2}),
        (R1, {"tensor_parallel_size": 16, "pipeline_parallel_size": 2, "quantization": "fp8"}),
        (R1, {"tensor_parallel_size": 8, "decode_context_parallel_size": 8}),
        (V32, {"block_size": 64}),
        (FP8, {"dtype": "bfloat16"}),
        (LLAMA, {"quantization": "fp8"}),
        (LLAMA, {"max_num_batched_tokens": 2048, "max_model_len": 8192}),
        (LLAMA, {"block_size": 32, "attention_backend": "FLASHINFER"}),
        ("org/not-here", {"tensor_parallel_size": 7, "max_model_len": 10_000_000}),
    ],
)
def test_what_works_passes(build: Build, model: str, engine: dict[str, Any]) -> None:
    assert problems(build, model, engine) == []


@pytest.mark.parametrize(
    ("model", "engine", "name", "words", "meant"),
    [
        (LLAMA, {"tensor_parallel_size": 3}, "tensor_parallel_size", "32 attention heads", "=2"),
        (
            "meta-llama/Llama-4-Scout-17B-16E-Instruct", {"tensor_parallel_size": 5},
            "tensor_parallel_size", "8 KV heads", "=4",
        ),
        (R1, {"tensor_parallel_size": 6}, "tensor_parallel_size", "128 attention heads", "=4"),
        (LLAMA, {"pipeline_parallel_size": 33}, "pipeline_parallel_size", "32 layers", "=1"),
        (LLAMA, {"enable_expert_parallel": True}, "enable_expert_parallel", "has none", ""),
        (MOE, {"enable_eplb": True}, "enable_eplb", "not spread", "enable_expert_parallel=true"),
        (
            MOE, {"tensor_parallel_size": 8, "decode_context_parallel_size": 4},
            "decode_context_parallel_size", "the 2 GPUs", "=2",
        ),
        (
            MOE, {"tensor_parallel_size": 8, "decode_context_parallel_size": 3},
            "decode_context_parallel_size", "does not divide", "=1",
        ),
        (QWEN3, {"max_model_len": 65536}, "max_model_len", "max_position_embeddings", "=40960"),
        (QWEN3, {"max_model_len": "64k"}, "max_model_len", "40960", "=40960"),
        (FP8, {"quantization": "awq"}, "quantization", "which is fp8", ""),
        (FP8, {"dtype": "float32"}, "dtype", "weights in fp8", "=bfloat16"),
        (GPT_OSS, {"dtype": "float16"}, "dtype", "weights in mxfp4", "=bfloat16"),
        (
            LLAMA, {"max_num_batched_tokens": 64, "max_num_seqs": 256},
            "max_num_batched_tokens", "max_num_seqs=256", "=256",
        ),
        (
            LLAMA,
            {"max_num_batched_tokens": 64, "max_model_len": 128, "enable_chunked_prefill": False},
            "max_num_batched_tokens", "max_model_len=128", "=128",
        ),
        (V32, {"block_size": 16}, "block_size", "sparse attention", "=64"),
        (
            R1, {"block_size": 32, "attention_backend": "FLASHMLA"},
            "block_size", "attention_backend=FLASHMLA", "=64",
        ),
    ],
)  # fmt: skip
def test_what_fails_at_the_start_is_refused(
    build: Build, model: str, engine: dict[str, Any], name: str, words: str, meant: str
) -> None:
    (problem,) = problems(build, model, engine)
    assert problem.path == f"backend.engine.{name}"
    assert words in problem.message
    assert problem.suggestion.endswith(meant)
    assert problem.fatal == (name != "enable_eplb")


def test_vllms_own_switch_allows_longer_sequences(build: Build) -> None:
    environment = {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}
    assert problems(build, QWEN3, {"max_model_len": 65536}, environment=environment) == []


def test_overridden_settings_of_the_model_are_not_judged(build: Build) -> None:
    engine = {"max_model_len": 131072, "hf_overrides": {"rope_scaling": {"rope_type": "yarn"}}}
    assert problems(build, QWEN3, engine) == []


@pytest.mark.parametrize(
    ("model", "machine", "size"),
    [(R1, SERVER, 64), (LLAMA, SERVER, 16), ("org/not-here", SERVER, 16)],
)
def test_r43_latent_attention_gets_blocks_that_its_kernels_read(
    build: Build, model: str, machine: Machine, size: int
) -> None:
    plan, notes = engine_plan(build(model=ModelConfig(model)), machine)
    assert plan.arguments["block_size"] == size
    assert any("block_size" in note for note in notes)


def test_a_quantised_model_is_not_computed_in_float32_for_want_of_bf16(build: Build) -> None:
    old_cpu = Machine(cpu_bf16=False, models=SERVER.models)
    plain, _ = engine_plan(build(model=ModelConfig(LLAMA)), old_cpu)
    quantised, _ = engine_plan(build(model=ModelConfig(FP8)), old_cpu)
    assert (plain.arguments.get("dtype"), quantised.arguments.get("dtype")) == ("float32", None)
