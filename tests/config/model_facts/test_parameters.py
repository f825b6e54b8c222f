"""The number of parameters comes out exactly as in the published checkpoints."""

import pytest

from dynamo.config.model_facts import model_facts
from tests.models import configs, facts_of

PUBLISHED = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": 134_515_008,
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "meta-llama/Meta-Llama-3.1-8B": 8_030_261_248,
    "openai/gpt-oss-20b": 20_914_757_184,
    "Qwen/Qwen3-30B-A3B": 30_532_122_624,
    "Qwen/Qwen3-32B": 32_762_123_264,
    "mistralai/Mixtral-8x7B-v0.1": 46_702_792_704,
    "meta-llama/Meta-Llama-3.1-70B": 70_553_706_496,
    "openai/gpt-oss-120b": 116_829_156_672,
    "Qwen/Qwen3-235B-A22B": 235_093_634_560,
    "Qwen/Qwen3.5-35B-A3B": 34_660_610_688,
    "Qwen/Qwen3-Next-80B-A3B-Thinking": 79_674_391_296,
    "meta-llama/Meta-Llama-3.1-405B": 405_853_388_800,
    "deepseek-ai/DeepSeek-V3": 671_026_419_200,
    "moonshotai/Kimi-K2-Instruct": 1_026_408_232_448,
}
"""Elements of the tensors in the safetensors files, without layers for speculation."""

ROUNDED = {
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": 108e9,
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": 401e9,
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": 480e9,
    "zai-org/GLM-5-FP8": 744e9,
}
"""As the models' cards give them."""


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_parameters_are_those_of_the_published_checkpoint(name: str, published: int) -> None:
    assert facts_of(name).parameters == published


@pytest.mark.parametrize(("name", "published"), ROUNDED.items())
def test_parameters_agree_with_the_rounded_figure(name: str, published: float) -> None:
    assert facts_of(name).parameters == pytest.approx(published, rel=0.005)


def test_the_language_model_inside_a_model_with_media_is_counted() -> None:
    inside, alone = facts_of("Qwen/Qwen3-VL-30B-A3B-Instruct"), facts_of("Qwen/Qwen3-30B-A3B")
    assert inside.parameters == alone.parameters
    assert inside.weights is not None
    assert [part.part for part in inside.weights if part.part == "vision"] == ["vision"]


def test_of_an_unknown_architecture_nothing_is_claimed() -> None:
    facts = facts_of("deepseek-ai/DeepSeek-V4-Flash")
    assert (facts.weights, facts.caches, facts.parameters) == (None, None, None)
    assert facts.attention_heads > 0


def test_a_tied_output_head_is_counted_once() -> None:
    tied = facts_of("Qwen/Qwen3-8B", tie_word_embeddings=True)
    assert facts_of("Qwen/Qwen3-8B").parameters == (tied.parameters or 0) + 151936 * 4096


def test_an_empty_file_says_nothing() -> None:
    facts = model_facts({})
    assert (facts.layers, facts.attention_heads, facts.context) == (0, 0, None)
    assert (facts.weights, facts.caches, facts.quantization) == (None, None, None)


def test_every_recorded_model_has_heads_and_a_context() -> None:
    for name in configs():
        facts = facts_of(name)
        assert facts.attention_heads, name
        assert facts.context, name
