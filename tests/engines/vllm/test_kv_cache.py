"""vLLM's blocks: how many there are, and how many tokens that makes."""

import pytest

from dynamo.engines.vllm.kv_cache import Pool, Sequences, pool, with_room_for_states
from tests.models import facts_of

GIB = 2**30


def pool_of(
    name: str, longest: int, *, width: int = 2, tensor: int = 1, pipeline: int = 1,
    block_size: int = 16, in_flight: int = 16384, hybrid: bool = True,
) -> Pool:  # fmt: skip
    return pool(
        facts_of(name).caches or (), Sequences(longest, in_flight), block_size=block_size,
        width=width, tensor=tensor, pipeline=pipeline, hybrid=hybrid,
    )  # fmt: skip


REPORTED = [
    # vLLM 0.26.0 on an H100, seen by this project
    ("meta-llama/Meta-Llama-3.1-8B", 4096, 1, 28123 * 2 * 2**20, 449_968, 0),
    ("openai/gpt-oss-20b", 32768, 1, 153745 * 393216, 1_635_156, 0),
    # github.com/vllm-project/vllm/issues/21348: "Available KV cache memory: 8.11 GiB"
    ("Qwen/Qwen3-235B-A22B-FP8", 40960, 4, int(8.11 * GIB), 178_880, 0.02),
    # public log of an A100 with 40 GB: "available KV cache memory: 19.92 GiB"
    ("meta-llama/Meta-Llama-3.1-8B", 131072, 1, int(19.92 * GIB), 163_168, 0.001),
]
"""Model, longest sequence, tensor parallel size, memory, tokens of the log line, tolerance."""


@pytest.mark.parametrize(("name", "longest", "tensor", "memory", "tokens", "off"), REPORTED)
def test_tokens_are_those_that_vllm_reports(
    name: str, longest: int, tensor: int, memory: int, tokens: int, off: float
) -> None:
    found = pool_of(name, longest, tensor=tensor).tokens(memory)
    assert found == pytest.approx(tokens, rel=off) if off else found == tokens


def test_a_block_holds_all_layers() -> None:
    assert pool_of("meta-llama/Meta-Llama-3.1-8B", 4096).block_bytes == 16 * 131072


def test_tensor_parallelism_divides_heads_and_then_repeats_them() -> None:
    sizes = [pool_of("Qwen/Qwen3-30B-A3B", 4096, tensor=n).block_bytes for n in (1, 2, 4, 8)]
    assert [sizes[0] // size for size in sizes] == [1, 2, 4, 4]


def test_a_latent_cache_is_kept_whole_by_every_gpu() -> None:
    one, eight = (pool_of("deepseek-ai/DeepSeek-R1", 4096, tensor=n) for n in (1, 8))
    assert one == eight
    assert one.block_bytes == 16 * 61 * 576 * 2


def test_sparse_attention_keeps_an_index_beside() -> None:
    plain = pool_of("deepseek-ai/DeepSeek-V3.2", 4096)
    assert plain.block_bytes == 16 * 61 * (576 * 2 + 132)
    assert pool_of("deepseek-ai/DeepSeek-V3.2", 4096, width=1).block_bytes == 16 * 61 * (656 + 132)


def test_a_window_saves_memory_unless_that_is_switched_off() -> None:
    memory = 10 * GIB
    saving = pool_of("openai/gpt-oss-20b", 131072).tokens(memory)
    plain = pool_of("openai/gpt-oss-20b", 131072, hybrid=False).tokens(memory)
    assert plain < saving < 2 * plain


def test_smaller_pages_take_more_tokens() -> None:
    """Gemma 4: a page of a sliding layer has twice the bytes of one with full attention."""
    found = pool_of("google/gemma-4-26B-A4B", 4096, in_flight=1024)
    assert found.block_bytes == 5 * 16 * 8 * 512 * 2
    assert found.sequence_blocks == 4096 // 32 + 5 * ((1023 + 1024 + 15) // 16 + 1)


STATES = [
    # github.com/LMCache docs: "Qwen/Qwen3.6-27B | 784", whose layers are those of Qwen3.5 27B
    ("Qwen/Qwen3.5-27B", 2, 1, 784),
    # vLLM's log with the cache in fp8: "Setting attention block size to 1568 tokens"
    ("Qwen/Qwen3.5-27B", 1, 1, 1568),
    # vLLM's log of Qwen3.6 35B A3B, whose layers are those of Qwen3.5, on four GPUs: 528
    ("Qwen/Qwen3.5-35B-A3B", 2, 4, 528),
]


@pytest.mark.parametrize(("name", "width", "tensor", "tokens"), STATES)
def test_blocks_are_as_large_as_a_state_of_linear_attention(
    name: str, width: int, tensor: int, tokens: int
) -> None:
    caches = facts_of(name).caches or ()
    assert with_room_for_states(caches, 16, width, tensor, "bfloat16") == tokens
    found = pool_of(name, 32768, width=width, tensor=tensor)
    full = next(cache for cache in caches if cache.kind == "full")
    heads = max(1, full.heads // tensor)
    assert found.block_bytes == full.layers * tokens * heads * full.values * width
    assert found.sequence_blocks == -(-32768 // tokens) + 3 * 2


def test_a_stage_of_a_pipeline_holds_its_layers() -> None:
    assert pool_of("meta-llama/Meta-Llama-3.1-8B", 4096, pipeline=3).block_bytes == 16 * 11 * 4096


def test_one_longest_sequence_and_a_spare_block_are_needed() -> None:
    found = pool_of("meta-llama/Meta-Llama-3.1-8B", 4100)
    assert found.needed_bytes == (257 + 1) * found.block_bytes
