"""What SGLang takes of a GPU, by its own arithmetic."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.engines.sglang.memory import memory_plan, static_share, token_bytes
from tests.models import facts_of

GIB = 2**30
H100, H200 = 85_017_493_504, 150_110_011_392

REPORTED = [
    # github.com/sgl-project/sglang/pull/18263: "#tokens: 1669816, K size: 76.44 GB, V size: 76.44"
    ("Qwen/Qwen3-30B-A3B", {}, 1_669_816, 152.88),
    # github.com/vllm-project/vllm/issues/21348: "#tokens: 367404, K size: 8.23 GB, V size: 8.23 GB"
    ("Qwen/Qwen3-235B-A22B-FP8", {"tp_size": 4}, 367_404, 16.46),
]
"""Model, arguments, tokens and GiB of a log line about the KV cache."""


@pytest.mark.parametrize(("name", "arguments", "tokens", "size"), REPORTED)
def test_a_token_takes_what_sglang_reports(
    name: str, arguments: dict[str, Any], tokens: int, size: float
) -> None:
    one = token_bytes(facts_of(name), arguments, "bfloat16")
    assert one is not None
    assert one * tokens / GIB == pytest.approx(size, rel=0.001)


def test_data_parallel_attention_divides_heads_less() -> None:
    facts = facts_of("Qwen/Qwen3-235B-A22B")
    apart = token_bytes(facts, {"tp_size": 4}, "bfloat16")
    shared = token_bytes(
        facts, {"tp_size": 4, "dp_size": 4, "enable_dp_attention": True}, "bfloat16"
    )
    assert apart is not None
    assert shared == 4 * apart


def test_windows_are_left_alone() -> None:
    assert token_bytes(facts_of("openai/gpt-oss-20b"), {}, "bfloat16") is None


@pytest.mark.parametrize(
    ("arguments", "total", "share"),
    [
        ({"mem_fraction_static": 0.7}, H100, 0.7),
        ({}, H100, 0.834),
        ({"chunked_prefill_size": 2048}, H100, 0.874),
        ({"tp_size": 8}, H200, 0.81),
        ({}, None, None),
    ],
)
def test_the_share_is_set_or_sglangs_rule_of_thumb(
    arguments: dict[str, Any], total: int | None, share: float | None
) -> None:
    assert static_share(arguments, total) == share


def test_the_static_share_holds_weights_and_cache() -> None:
    plan = EnginePlan("sglang", "0.5.20", "cuda", {"mem_fraction_static": 0.8}, {})
    machine = Machine(gpus=1, gpu_memory_bytes=(H100,))
    found = memory_plan(facts_of("meta-llama/Meta-Llama-3.1-8B"), plan, machine).estimate
    assert found is not None
    assert found.budget_bytes == int(0.8 * H100)
    parts = found.weights_bytes + found.reserve_bytes + (found.kv_cache_bytes or 0)
    assert parts == found.budget_bytes
    assert found.kv_cache_tokens == (found.kv_cache_bytes or 0) // 131072


@pytest.mark.parametrize(
    ("arguments", "devices"),
    [
        ({"tp_size": 4, "dp_size": 2}, 8),
        ({"tp_size": 8, "dp_size": 8, "enable_dp_attention": True}, 8),
        ({"tp_size": 16, "nnodes": 2}, 8),
    ],
)
def test_the_gpus_of_this_machine_are_counted(arguments: dict[str, Any], devices: int) -> None:
    plan = EnginePlan("sglang", "0.5.20", "cuda", arguments, {})
    assert memory_plan(None, plan, Machine()).devices == devices
