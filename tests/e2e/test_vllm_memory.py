"""The estimate of memory against a real vLLM on a CPU: blocks, tokens and bytes of weights."""

import json
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryEstimate
from dynamo.config.plan import EnginePlan
from dynamo.engines.base import EngineInfo
from dynamo.engines.vllm.memory import estimate
from dynamo.launcher.known_model import checkpoint_bytes, known_model
from tests.e2e.backends import VLLM
from tests.e2e.engines import ENVIRONMENT, started_engine

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # vLLM's imports warn
]

TINY = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 96,
    "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 512, "max_position_embeddings": 512,
    "torch_dtype": "float32", "tie_word_embeddings": False, "rms_norm_eps": 1e-6,
}  # fmt: skip


def estimated(model: Path, arguments: dict[str, Any]) -> MemoryEstimate:
    facts = known_model(str(model))
    assert facts is not None
    plan = EnginePlan("vllm", "0.32.0", "cpu", {**VLLM.engine, **arguments}, ENVIRONMENT)
    found = estimate(facts, plan, Machine(memory_bytes=16 * 2**30))
    assert found is not None
    return found


def blocks(found: MemoryEstimate, info: EngineInfo) -> int:
    """Return how many blocks the estimated tokens are."""
    assert found.kv_cache_tokens is not None
    return found.kv_cache_tokens // info.kv_block_size


async def test_smollm2_has_the_blocks_and_the_weights_that_were_estimated(smollm2: Path) -> None:
    found, stored = estimated(smollm2, {}), checkpoint_bytes(smollm2)
    assert stored is not None
    # float32 as the engine is started, bfloat16 in the files, whose heads are some kilobytes
    assert found.weights_bytes == pytest.approx(2 * stored, rel=0.001)
    async with started_engine(smollm2) as (_, info):
        assert info.context_length == found.longest_sequence
        assert info.total_kv_blocks == blocks(found, info)


async def test_a_tiny_model_has_the_blocks_that_were_estimated(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    arguments: dict[str, Any] = {
        "load_format": "dummy", "skip_tokenizer_init": True, "block_size": 64,
        "max_model_len": 384, "dtype": "bfloat16",
    }  # fmt: skip
    found = estimated(tmp_path, arguments)
    async with started_engine(tmp_path, **arguments) as (_, info):
        assert info.context_length == found.longest_sequence == 384
        assert info.total_kv_blocks == blocks(found, info)
