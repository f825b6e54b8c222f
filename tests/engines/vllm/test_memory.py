"""What vLLM takes of a device, against what real engines reported."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate
from dynamo.config.model_facts import ModelFacts
from dynamo.config.plan import EnginePlan
from dynamo.engines.vllm.memory import estimate, kv_pool, memory_plan, parallelism
from dynamo.engines.vllm.steps import largest_steps
from tests.models import facts_of

GIB = 2**30
RECORDED = json.loads((Path(__file__).parents[2] / "data" / "vllm_memory.json").read_text())
"""vLLM 0.26.0 with the dimensions of public models, seen on an H100 and an H200; several with few
of their layers, since only weights and cache depend on how many there are."""

H100 = Machine(gpus=8, gpu_memory_bytes=(85_017_493_504,) * 8)
LLAMA = "meta-llama/Meta-Llama-3.1-8B"


def plan(
    device: str = "cuda", environment: dict[str, str] | None = None, **arguments: Any
) -> EnginePlan:
    block_size = 16 if device == "cuda" else 32
    return EnginePlan(
        "vllm", "0.32.0", device, {"block_size": block_size, **arguments}, environment or {}
    )


def estimated(name: str, machine: Machine = H100, **arguments: Any) -> MemoryEstimate:
    found = estimate(facts_of(name), plan(**arguments), machine)
    assert found is not None
    return found


def _label(run: dict[str, Any]) -> str:
    tokens = run["arguments"]["max_num_batched_tokens"]
    return f"{run['model']}-{run['layers']}-{tokens}-{run['gpus']}"


def recorded_facts(run: dict[str, Any]) -> ModelFacts:
    layers = {} if run["model"] == "openai/gpt-oss-20b" else {"num_hidden_layers": run["layers"]}
    return facts_of(run["model"], **layers, **run.get("changes", {}))


MEASURED = [run for run in RECORDED if "kv_cache_bytes" in run]


@pytest.mark.parametrize("run", MEASURED, ids=_label)
def test_memory_that_vllm_found_makes_its_blocks_and_tokens(run: dict[str, Any]) -> None:
    arguments, machine = {"block_size": 16, **run["arguments"]}, Machine(gpus=1)
    steps = largest_steps(arguments, "cuda", machine)
    found = kv_pool(recorded_facts(run), arguments, "bfloat16", parallelism(arguments), steps)
    assert found is not None
    assert found.blocks(run["kv_cache_bytes"]) == run["blocks"]
    assert found.tokens(run["kv_cache_bytes"]) == run["tokens"]


@pytest.mark.parametrize("run", RECORDED, ids=_label)
def test_the_estimate_is_within_three_percent_of_real_runs(run: dict[str, Any]) -> None:
    facts = recorded_facts(run)
    machine = Machine(gpus=run["gpus"], gpu_memory_bytes=(run["total_bytes"],) * run["gpus"])
    found = estimate(facts, replace(plan(**run["arguments"]), version="0.26.0"), machine)
    assert found is not None
    assert found.kv_cache_tokens == pytest.approx(run["tokens"], rel=0.03)
    if "weights_bytes" in run:
        assert found.weights_bytes == pytest.approx(run["weights_bytes"], rel=0.03)


def test_the_default_share_is_that_of_the_version() -> None:
    assert memory_plan(None, plan(), H100).share == 0.92
    assert memory_plan(None, plan(gpu_memory_utilization=0.5), H100).share == 0.5


def test_of_an_unknown_gpu_weights_and_bytes_per_token_are_said() -> None:
    found = estimated(LLAMA, Machine())
    assert (found.total_bytes, found.kv_cache_bytes, found.kv_cache_tokens) == (None, None, None)
    assert found.weights_bytes == 2 * 8_030_261_248
    assert found.longest_sequence == 131072


def test_a_set_size_of_the_cache_is_taken() -> None:
    found = estimated(LLAMA, kv_cache_memory_bytes=4 * GIB, max_model_len=4096)
    assert found.kv_cache_tokens == 4 * GIB // 131072


def test_a_cache_in_8_bits_holds_twice_as_many_tokens() -> None:
    plain, fp8 = (
        estimated(LLAMA, kv_cache_memory_bytes=GIB, kv_cache_dtype=dtype, max_model_len=4096)
        for dtype in ("auto", "fp8")
    )
    assert fp8.kv_cache_tokens == 2 * (plain.kv_cache_tokens or 0)


def test_a_checkpoint_that_asks_for_8_bits_gets_them() -> None:
    nvfp4 = estimated("nvidia/Kimi-K2.5-NVFP4", tensor_parallel_size=8, max_model_len=4096)
    int4 = estimated("moonshotai/Kimi-K2.5", tensor_parallel_size=8, max_model_len=4096)
    assert nvfp4.sequence_bytes * 2 == int4.sequence_bytes


def test_quantising_while_loading_halves_the_layers() -> None:
    facts = facts_of(LLAMA)
    found = estimated(LLAMA, quantization="fp8")
    ends = sum(
        part.parameters for part in facts.weights or () if part.part in ("embedding", "head")
    )
    assert found.weights_bytes == pytest.approx((facts.parameters or 0) + ends, rel=0.001)


def test_offloaded_weights_leave_the_gpu() -> None:
    moved = estimated(LLAMA).weights_bytes - estimated(LLAMA, cpu_offload_gb=4).weights_bytes
    assert moved == 4 * GIB


def test_more_sequences_and_tokens_need_more_reserve() -> None:
    reserves = [
        estimated("Qwen/Qwen3-8B", max_num_batched_tokens=tokens, max_num_seqs=sequences)
        for tokens, sequences in ((2048, 128), (16384, 128), (16384, 1024))
    ]
    sizes = [found.reserve_bytes for found in reserves]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize(
    ("arguments", "devices"),
    [
        ({}, 1),
        ({"tensor_parallel_size": 2, "pipeline_parallel_size": 2}, 4),
        ({"tensor_parallel_size": 2, "data_parallel_size": 4}, 8),
        ({"data_parallel_size": 16, "data_parallel_size_local": 8}, 8),
        ({"tensor_parallel_size": 16, "nnodes": 2}, 8),
        ({"tensor_parallel_size": 16, "distributed_executor_backend": "ray"}, 1),
    ],
)
def test_the_devices_of_this_machine_are_counted(arguments: dict[str, Any], devices: int) -> None:
    assert memory_plan(None, plan(**arguments), H100).devices == devices


@pytest.mark.parametrize(
    ("environment", "arguments", "size"),
    [
        ({"VLLM_CPU_KVCACHE_SPACE": "3"}, {}, 3 * GIB),
        ({"VLLM_CPU_KVCACHE_SPACE": "3"}, {"kv_cache_memory_bytes": GIB}, 3 * GIB),
        ({}, {"kv_cache_memory_bytes": GIB}, GIB),
        ({}, {}, None),
    ],
)
def test_on_a_cpu_the_size_of_the_cache_is_a_setting(
    environment: dict[str, str], arguments: dict[str, Any], size: int | None
) -> None:
    found = memory_plan(None, plan("cpu", environment, **arguments), Machine())
    assert (found.kv_cache_bytes, found.share) == (size, None)


def test_an_unknown_architecture_has_a_plan_and_no_estimate() -> None:
    found = memory_plan(facts_of("deepseek-ai/DeepSeek-V4-Flash"), plan(), H100)
    assert (found.devices, found.estimate) == (1, None)
