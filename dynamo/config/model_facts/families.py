"""How the layers of model families differ: biases, norms, and where experts stand."""

from dataclasses import dataclass, replace
from typing import Literal

Bias = Literal["none", "qkv", "all", "configured"]
HeadNorms = Literal["none", "always", "configured"]


@dataclass(frozen=True)
class Family:
    """Shapes that config.json leaves to the model's code."""

    attention_bias: Bias = "configured"
    """`configured`: all projections, if `attention_bias` says so. `qkv`: all but the output's,
    unless it says no."""
    head_norms: HeadNorms = "none"
    """Whether queries and keys are normalised per head; `configured`: if `use_qk_norm` says so."""
    norms: int = 2
    """Normalisations of the hidden state in each layer."""
    tied: bool = False
    """Whether the output head is the embedding where config.json does not say."""
    expert_bias: bool = False
    """Experts and router have biases (gpt-oss)."""
    output_gate: bool = False
    """Queries come with a gate of their size for the output of attention."""
    sinks: bool = False
    """One attention sink per head (gpt-oss)."""
    dense_first: bool = False
    """The first layers are dense, the others have experts (DeepSeek)."""
    router_bias: bool = False
    """The router corrects the load of its experts by a bias each."""
    shared_gate: bool = False
    """A gate weighs the shared expert."""


LLAMA = Family()
QWEN3 = Family(head_norms="always")
DEEPSEEK = Family(dense_first=True, router_bias=True)
GEMMA3 = Family(head_norms="always", norms=4, tied=True)
GLM4_MOE = Family("qkv", head_norms="configured", dense_first=True, router_bias=True)

QWEN3_NEXT = Family(head_norms="always", output_gate=True, shared_gate=True)

FAMILIES: dict[str, Family] = {
    "llama": LLAMA,
    "smollm3": LLAMA,
    "mistral": LLAMA,
    "mixtral": LLAMA,
    "llama4_text": LLAMA,
    "phi3": Family("none"),
    "qwen2": Family("qkv"),
    "qwen2_moe": Family("qkv", shared_gate=True),
    "qwen3": QWEN3,
    "qwen3_moe": QWEN3,
    "qwen3_vl_text": replace(QWEN3, tied=True),
    "qwen3_vl_moe_text": QWEN3,
    "qwen3_next": QWEN3_NEXT,
    "qwen3_5_text": QWEN3_NEXT,
    "qwen3_5_moe_text": QWEN3_NEXT,
    "gemma2": Family(norms=4, tied=True),
    "gemma3": GEMMA3,
    "gemma3_text": GEMMA3,
    "gpt_oss": Family("all", expert_bias=True, sinks=True),
    "deepseek_v2": replace(DEEPSEEK, router_bias=False),
    "deepseek_v3": DEEPSEEK,
    "deepseek_v32": DEEPSEEK,
    "kimi_k2": DEEPSEEK,
    "glm_moe_dsa": DEEPSEEK,
    "glm4_moe": GLM4_MOE,
    "glm4_moe_lite": DEEPSEEK,
}
"""By `model_type` of the language model. Of any other family nothing is counted."""
CACHES_ONLY = ("gemma4_text", "minimax_m2", "mimo", "falcon", "gpt2", "gptj", "opt", "starcoder2")
"""Families whose attention is of a known kind, but whose shapes are not written down here."""
