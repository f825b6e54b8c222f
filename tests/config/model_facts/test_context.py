"""The longest sequence, as vLLM 0.32.0 derives it from config.json."""

from typing import Any

import pytest

from dynamo.config.model_facts import model_facts
from tests.models import facts_of


def scaled(length: int, kind: str, factor: Any, **more: Any) -> dict[str, Any]:
    rope = {"rope_type": kind, "factor": factor}
    return {"max_position_embeddings": length, "rope_scaling": rope, **more}


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({"max_position_embeddings": 4096}, 4096),
        ({"n_positions": 1024}, 1024),
        ({"max_position_embeddings": 4096, "seq_length": 2048}, 2048),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, 131072),
        (scaled(4096, "linear", 4.0), 16384),
        (scaled(4096, "dynamic", 2), 8192),
        (scaled(131072, "yarn", 4.0), 131072),
        (scaled(131072, "llama3", 8.0), 131072),
        (scaled(131072, "linear", 8.0, model_type="gemma3_text"), 131072),
        (scaled(4096, "linear", "four"), 4096),
        (scaled(4096, "linear", float("inf")), 4096),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2}}, 8192),
        ({"max_position_embeddings": 8192, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 2.0},
            "sliding_attention": {"rope_type": "default"}}}, 16384),
        ({"max_position_embeddings": 4096, "rope_scaling": None}, 4096),
    ],
)  # fmt: skip
def test_scaling_counts_once(settings: dict[str, Any], tokens: int) -> None:
    context = model_facts(settings).context
    assert context is not None
    assert context.tokens == tokens


def test_long_rope_starts_at_the_original_length() -> None:
    context = model_facts(
        {
            "max_position_embeddings": 131072,
            "original_max_position_embeddings": 4096,
            "rope_scaling": {"type": "longrope"},
        }
    ).context
    assert context is not None
    assert (context.tokens, context.starts_at) == (131072, 4096)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("meta-llama/Meta-Llama-3.1-8B", 131072),
        ("deepseek-ai/DeepSeek-R1", 163840),
        ("openai/gpt-oss-20b", 131072),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 10485760),
    ],
)
def test_public_models_have_their_length(name: str, tokens: int) -> None:
    context = facts_of(name).context
    assert context is not None
    assert context.tokens == tokens
