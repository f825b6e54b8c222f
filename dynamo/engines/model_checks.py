"""What cannot work with a model, whatever the engine: heads, layers, experts, length, quantisation.

Each check is told the path under which its engine knows the setting. A model whose config.json is
not here has no facts, and nothing is said about it.
"""

from collections.abc import Iterator

from dynamo.config.model_facts import ModelFacts
from dynamo.config.problems import Problem

QUANTISATIONS = {
    "fp8": ("fp8", "deepseek_v4_fp8", "w8a8_fp8"),
    "awq": ("awq", "awq_marlin", "auto_awq", "marlin"),
    "gptq": ("gptq", "gptq_marlin", "auto_gptq", "marlin"),
    "mxfp4": ("mxfp4", "gpt_oss_mxfp4"),
    "bitsandbytes": ("bitsandbytes",),
    "compressed-tensors": ("compressed-tensors", "w8a8_fp8", "w8a8_int8"),
}
"""Method of a checkpoint, and the arguments under which engines load it."""
TAKES_ANY = ("humming", "inc", "moe_wna16", "online", "gguf")
"""Arguments whose loader decides for itself what it takes."""
HALVES_ONLY = ("fp8", "fbgemm_fp8", "awq", "gptq")
BFLOAT16_ONLY = ("mxfp4",)
NO_FLOAT16 = ("gemma2", "gemma3", "gemma3_text", "glm4")
"""Families that overflow in float16; vLLM refuses them (vllm/config/model.py, 0.32.0)."""


def heads_divide(facts: ModelFacts, path: str, size: int) -> Iterator[Problem]:
    """Every GPU holds as many query heads as every other, and whole key and value heads.

    Below one KV head for each GPU, heads are repeated, evenly too. Latent attention (MLA) has one
    for all.
    """
    latent = any(cache.kind == "latent" for cache in facts.caches or ())
    heads, kv_heads = facts.attention_heads, 0 if latent else facts.kv_heads
    if not heads or _divides(heads, kv_heads, size):
        return
    fitting = [number for number in range(1, 2 * size) if _divides(heads, kv_heads, number)]
    meant = max((number for number in fitting if number <= size), default=1)
    words = f" and {kv_heads} KV heads" if kv_heads else ""
    text = f"does not divide the model's {heads} attention heads{words} evenly"
    yield Problem(path, size, text, ", ".join(map(str, fitting)), f"{path}={meant}")


def _divides(heads: int, kv_heads: int, size: int) -> bool:
    pairs = not kv_heads or kv_heads % size == 0 or size % kv_heads == 0
    return heads % size == 0 and pairs


def layers_for_each_stage(facts: ModelFacts, path: str, size: int) -> Iterator[Problem]:
    """A stage of a pipeline has at least one layer."""
    if facts.layers and size > facts.layers:
        text = f"is more than the model's {facts.layers} layers"
        yield Problem(path, size, text, f"at most {facts.layers}", f"{path}=1")


def experts_to_spread(facts: ModelFacts, path: str, value: object) -> Iterator[Problem]:
    """Expert parallelism spreads experts, which a dense model does not have."""
    if facts.model_type and facts.layers and not facts.experts:
        text = f"spreads experts, and this model ({facts.model_type}) has none"
        yield Problem(path, value, text, "leave it out")


def context_is_long_enough(
    facts: ModelFacts, path: str, length: int, escape: str
) -> Iterator[Problem]:
    """A longer sequence than the model was made for has positions that it never saw."""
    context = facts.context
    if context is None or length <= context.tokens:
        return
    scaled = f" scaled by {context.factor:g}" if context.factor != 1 else ""
    text = f"is longer than the model's {context.tokens} ({context.key}{scaled})"
    allowed = f"at most {context.tokens}; {escape} overrules that"
    yield Problem(path, length, text, allowed, f"{path}={context.tokens}")


def quantisation_matches(facts: ModelFacts, path: str, chosen: str) -> Iterator[Problem]:
    """A checkpoint that is quantised one way cannot be loaded another way."""
    found = facts.quantization
    fitting = QUANTISATIONS.get(found.method, ()) if found else ()
    known = {name for names in QUANTISATIONS.values() for name in names}
    if found and fitting and chosen in known and chosen not in (*fitting, *TAKES_ANY):
        text = f"is not how the model is quantised, which is {found.method}"
        yield Problem(path, chosen, text, f"leave it out, or {', '.join(fitting)}")


def dtype_fits(facts: ModelFacts, path: str, dtype: str) -> Iterator[Problem]:
    """Kernels of quantised weights compute in 16 bits; some families overflow in float16."""
    method = facts.quantization.method if facts.quantization else ""
    if dtype in ("float32", "float") and method in (*HALVES_ONLY, *BFLOAT16_ONLY):
        text = f"is no type in which weights in {method} can be computed"
        allowed = "bfloat16" if method in BFLOAT16_ONLY else "auto, bfloat16, float16"
        yield Problem(path, dtype, text, allowed, f"{path}=bfloat16")
    elif dtype in ("float16", "half") and method in BFLOAT16_ONLY:
        text = f"is no type in which weights in {method} can be computed"
        yield Problem(path, dtype, text, "bfloat16", f"{path}=bfloat16")
    elif dtype in ("float16", "half") and facts.model_type in NO_FLOAT16:
        text = f"overflows in models of type {facts.model_type}"
        yield Problem(path, dtype, text, "auto, bfloat16, float32", f"{path}=bfloat16")
