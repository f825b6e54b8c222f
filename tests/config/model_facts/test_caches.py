"""What each kind of layer keeps in the KV cache."""

from typing import Any

import pytest

from dynamo.config.model_facts import LayerCache, State, model_facts
from tests.models import facts_of

STATE = State(convolution=3 * 8192, recurrent=32 * 128 * 128, recurrent_dtype="float32")
CACHES = {
    "meta-llama/Meta-Llama-3.1-8B": [LayerCache("full", 32, 8, 256)],
    "Qwen/Qwen3-30B-A3B": [LayerCache("full", 48, 4, 256)],
    "mistralai/Mixtral-8x7B-v0.1": [LayerCache("full", 32, 8, 256)],
    "deepseek-ai/DeepSeek-R1": [LayerCache("latent", 61, 1, 576, unfolded=256)],
    "deepseek-ai/DeepSeek-V3.2": [
        LayerCache("latent", 61, 1, 576, extra_bytes=132, unfolded=256)
    ],
    "openai/gpt-oss-20b": [
        LayerCache("sliding", 12, 8, 128, 128), LayerCache("full", 12, 8, 128),
    ],
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": [
        LayerCache("chunked", 36, 8, 256, 8192), LayerCache("full", 12, 8, 256),
    ],
    "Qwen/Qwen3.5-35B-A3B": [
        LayerCache("state", 30, 0, 0, state=STATE), LayerCache("full", 10, 2, 512),
    ],
    "google/gemma-4-26B-A4B": [
        LayerCache("sliding", 25, 8, 512, 1024), LayerCache("full", 5, 2, 1024),
    ],
}  # fmt: skip

SMALL = {
    "num_hidden_layers": 12, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 64,
    "hidden_size": 512, "vocab_size": 1000, "intermediate_size": 2048,
}  # fmt: skip


@pytest.mark.parametrize(("name", "caches"), CACHES.items())
def test_layers_are_counted_by_what_they_keep(name: str, caches: list[LayerCache]) -> None:
    assert list(facts_of(name).caches or ()) == caches


@pytest.mark.parametrize(
    ("settings", "full", "sliding"),
    [
        ({"model_type": "mistral", "sliding_window": 4096}, 0, 12),
        ({"model_type": "mistral", "sliding_window": None}, 12, 0),
        ({"model_type": "gemma3_text", "sliding_window": 512}, 2, 10),
        ({"model_type": "gemma3_text", "sliding_window": 512, "sliding_window_pattern": 4}, 3, 9),
        ({"model_type": "gemma2", "sliding_window": 4096}, 6, 6),
        ({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}, 12, 0),
        (
            {
                "model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": True,
                "max_window_layers": 8,
            },
            8, 4,
        ),
    ],
)  # fmt: skip
def test_windows_follow_the_family(settings: dict[str, Any], full: int, sliding: int) -> None:
    layers = {cache.kind: cache.layers for cache in model_facts(SMALL | settings).caches or ()}
    assert (layers.get("full", 0), layers.get("sliding", 0)) == (full, sliding)


def test_layers_that_share_a_cache_are_not_counted() -> None:
    shared = model_facts(SMALL | {"model_type": "gemma3_text", "num_kv_shared_layers": 4})
    assert sum(cache.layers for cache in shared.caches or ()) == 8


@pytest.mark.parametrize(
    "settings",
    [
        {"model_type": "jamba", "attn_layer_period": 8},
        {"model_type": "llama", "layer_types": ["linear_attention"] * 12},
        {"model_type": "llama", "layer_types": ["full_attention"] * 3},
        {"model_type": "brand_new"},
    ],
)
def test_a_layer_of_unknown_kind_leaves_the_cache_unknown(settings: dict[str, Any]) -> None:
    assert model_facts(SMALL | settings).caches is None


def test_heads_are_the_query_heads_where_nothing_else_is_said() -> None:
    settings = {**SMALL, "model_type": "llama", "num_key_value_heads": None, "head_dim": None}
    assert model_facts(settings).caches == (LayerCache("full", 12, 8, 128),)


@pytest.mark.parametrize(
    "settings",
    [
        {"model_type": "llama", "num_attention_heads": None, "num_key_value_heads": None},
        {"model_type": "llama", "head_dim": None, "hidden_size": None},
        {
            "model_type": "qwen3_next", "layer_types": ["linear_attention"] * 12,
            "linear_num_key_heads": 4, "linear_num_value_heads": 4, "linear_key_head_dim": 32,
            "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4,
        },
    ],
)  # fmt: skip
def test_without_heads_or_any_full_layer_nothing_is_claimed(settings: dict[str, Any]) -> None:
    assert model_facts(SMALL | settings).caches is None
