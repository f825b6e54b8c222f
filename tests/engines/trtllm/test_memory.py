"""What TensorRT-LLM takes of a GPU: a share of what is left."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate
from dynamo.config.plan import EnginePlan
from dynamo.engines.trtllm.memory import memory_plan
from tests.models import facts_of

H100 = 85_017_493_504
LLAMA = "meta-llama/Meta-Llama-3.1-8B"


def estimated(name: str, **arguments: Any) -> MemoryEstimate:
    plan = EnginePlan("trtllm", "1.2", "cuda", arguments, {})
    machine = Machine(gpus=8, gpu_memory_bytes=(H100,) * 8)
    found = memory_plan(facts_of(name), plan, machine).estimate
    assert found is not None
    return found


def test_the_cache_takes_its_share_of_what_is_left() -> None:
    half = estimated(LLAMA, kv_cache_config={"free_gpu_memory_fraction": 0.5})
    left = H100 - half.weights_bytes - half.reserve_bytes
    assert half.kv_cache_bytes == left // 2
    assert half.kv_cache_tokens == left // 2 // 131072
    assert (estimated(LLAMA).kv_cache_bytes or 0) == pytest.approx(0.9 * left, rel=0.001)


def test_the_caches_type_and_the_length_are_taken() -> None:
    plain = estimated(LLAMA, max_seq_len=4096)
    small = estimated(LLAMA, max_seq_len=4096, kv_cache_config={"dtype": "fp8"})
    assert plain.longest_sequence == 4096
    assert plain.sequence_bytes == 2 * small.sequence_bytes == 4096 * 131072


def test_a_model_that_is_not_here_has_no_estimate() -> None:
    plan = EnginePlan("trtllm", "1.2", "cuda", {"tensor_parallel_size": 4}, {})
    found = memory_plan(None, plan, Machine())
    assert (found.devices, found.estimate, found.strict) == (4, None, False)
