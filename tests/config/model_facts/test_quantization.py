"""How many bits a quantised checkpoint takes, and what it spares."""

from typing import Any

import pytest

from dynamo.config.model_facts import ModelFacts, model_facts
from tests.models import configs, facts_of


def quantised(settings: dict[str, Any], name: str = "Qwen/Qwen3-8B") -> ModelFacts:
    return model_facts({**configs()[name], "quantization_config": settings})


NVFP4 = {"num_bits": 4, "type": "float", "group_size": 16}
INT4 = {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": True}


@pytest.mark.parametrize(
    ("settings", "method", "bits"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", 8 + 32 / 128**2),
        ({"quant_method": "fp8"}, "fp8", 8),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "awq", 4 + 20 / 128),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "gptq", 8),
        ({"quant_method": "mxfp4"}, "mxfp4", 4.25),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes", 4.5),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes", 8),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": INT4}}},
            "compressed-tensors", 4 + 16 / 128,
        ),
        (
            {"quant_method": "compressed_tensors", "config_groups": {"g": {"weights": NVFP4}}},
            "compressed-tensors", 4.5,
        ),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "modelopt_fp4", 4.5),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "modelopt", 8),
        (
            {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}},
            "modelopt_fp4", 4.5,
        ),
        ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, "modelopt_mixed", None),
        ({"quant_method": "brand_new"}, "brand_new", None),
    ],
)  # fmt: skip
def test_methods_have_their_bits(settings: dict[str, Any], method: str, bits: float | None) -> None:
    found = quantised(settings).quantization
    assert found is not None
    assert (found.method, found.bits) == (method, bits)


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("Qwen/Qwen3-32B-FP8", 34.3),
        ("Qwen/Qwen3-235B-A22B-FP8", 236.4),
        ("deepseek-ai/DeepSeek-R1", 673.2),
        ("openai/gpt-oss-20b", 13.8),
        ("openai/gpt-oss-120b", 65.2),
        ("moonshotai/Kimi-K2.5", 595),
        ("nvidia/Kimi-K2.5-NVFP4", 591),
    ],
)
def test_quantised_checkpoints_have_their_size(name: str, gigabytes: float) -> None:
    parts = facts_of(name).weights or ()
    size = sum(part.parameters * part.bits / 8 for part in parts) / 1e9
    assert size == pytest.approx(gigabytes, rel=0.005)


def test_embedding_head_router_and_norms_are_never_quantised() -> None:
    parts = {part.part: part for part in facts_of("deepseek-ai/DeepSeek-R1").weights or ()}
    full = {name for name, part in parts.items() if not part.quantised}
    assert full == {"embedding", "head", "router and norms"}


@pytest.mark.parametrize(
    "spared", ["re:.*self_attn.*", "model.layers.*.self_attn", "self_attn", "self_attn.q_proj"]
)
def test_spared_modules_keep_their_precision(spared: str) -> None:
    facts = quantised({"quant_method": "fp8", "modules_to_not_convert": [spared]})
    parts = {part.part: part.bits for part in facts.weights or ()}
    assert (parts["attention"], parts["mlp"]) == (16, 8)


def test_a_part_of_a_name_does_not_spare_another_module() -> None:
    facts = quantised({"quant_method": "fp8", "modules_to_not_convert": ["gate", "re:("]})
    assert {part.part: part.bits for part in facts.weights or ()}["mlp"] == 8


def test_a_checkpoint_may_ask_for_a_cache_in_8_bits() -> None:
    scheme = {"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 8}}
    found = quantised(scheme).quantization
    assert found is not None
    assert found.kv_cache == "fp8"
