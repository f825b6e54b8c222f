"""Parameters of a model, counted from the shapes that config.json implies."""

from collections.abc import Iterator

from dynamo.config.model_facts.attention import attention_heads, head_size, kv_heads, layer_kinds
from dynamo.config.model_facts.facts import Quantization, Split, Weights
from dynamo.config.model_facts.families import FAMILIES, Family
from dynamo.config.model_facts.feed_forward import feed_forward
from dynamo.config.model_facts.linear_attention import linear_parameters
from dynamo.config.model_facts.quantization import spares
from dynamo.config.model_facts.reader import ConfigReader

DTYPE_BITS = {"float32": 32, "bfloat16": 16, "float16": 16}
MODULES = {
    "attention": "self_attn.q_proj",
    "latent projections": "self_attn.q_a_proj",
    "mlp": "mlp.gate_proj",
    "shared experts": "mlp.shared_experts.gate_proj",
    "experts": "mlp.experts.0.gate_proj",
}
"""A module by which it is asked whether a part is quantised; other parts never are."""
SPLITS: dict[str, Split] = {
    "experts": "experts",
    "router and norms": "none",
    "latent projections": "none",
}
"""Parts that tensor parallelism does not simply cut."""


def counted_weights(
    config: ConfigReader, dtype: str | None, found: Quantization | None
) -> tuple[Weights, ...] | None:
    """Return the parts with their parameters; None for a family that is not known.

    Left out are the layers for speculation, which engines load on demand.
    """
    family = FAMILIES.get(str(config.value("model_type")))
    hidden, vocabulary = config.number("hidden_size"), config.number("vocab_size")
    layers = config.number("num_hidden_layers")
    if family is None or not (hidden and vocabulary and layers):
        return None
    tied = config.flag("tie_word_embeddings", family.tied)
    whole, latent = attention(config, family, hidden)
    linear = (layer_kinds(config) or ()).count("state")
    beside, sparse = feed_forward(config, family, hidden, layers)
    parts = {
        "embedding": vocabulary * hidden,
        "head": 0 if tied else vocabulary * hidden,
        "attention": (layers - linear) * whole + linear * linear_parameters(config, hidden),
        "latent projections": layers * latent,
        **sparse,
        "router and norms": beside + hidden + layers * family.norms * hidden,
        "vision": vision(config),
    }
    full = DTYPE_BITS.get(dtype or "bfloat16", 16)
    return tuple(
        _part(name, count, full, found, layers // 2) for name, count in parts.items() if count
    )


def _part(name: str, count: int, full: int, found: Quantization | None, layer: int) -> Weights:
    split, module = SPLITS.get(name, "tensor"), MODULES.get(name)
    spared = found is None or module is None or spares(found, layer, module)
    if spared or found is None or (found.method == "mxfp4" and name != "experts"):
        return Weights(name, count, full, split)
    return Weights(name, count, found.bits or 0, split, quantised=True)


def attention(config: ConfigReader, family: Family, hidden: int) -> tuple[int, int]:
    """Return one layer's parameters that heads share out, and those that every device keeps."""
    heads, keys, size = attention_heads(config), kv_heads(config), head_size(config)
    if config.number("kv_lora_rank"):
        return _latent_attention(config, heads, hidden)
    queries, pairs = heads * size, 2 * keys * size
    biases = set(_biased(config, family))
    gate = queries if family.output_gate else 0
    total = hidden * (queries + gate + pairs) + queries * hidden
    total += queries + pairs if "qkv" in biases else 0
    total += hidden if "output" in biases else 0
    norms = family.head_norms == "always"
    norms = norms or (family.head_norms == "configured" and config.flag("use_qk_norm"))
    return total + (2 * size if norms else 0) + (heads if family.sinks else 0), 0


def _biased(config: ConfigReader, family: Family) -> Iterator[str]:
    configured = config.flag("attention_bias", family.attention_bias != "configured")
    if family.attention_bias != "none" and configured:
        yield "qkv"
        if family.attention_bias != "qkv":
            yield "output"


def _latent_attention(config: ConfigReader, heads: int, hidden: int) -> tuple[int, int]:
    """MLA, arXiv:2405.04434 section 2.1: low-rank projections of queries and of keys and values.

    DeepSeek V3.2 adds an index by which a query finds the keys that matter.
    """
    rank, rope = config.number("kv_lora_rank") or 0, config.number("qk_rope_head_dim") or 0
    plain, value = config.number("qk_nope_head_dim") or 0, config.number("v_head_dim") or 0
    low = config.number("q_lora_rank") or 0
    queries = (low or hidden) * heads * (plain + rope)
    whole = queries + rank * heads * (plain + value) + heads * value * hidden
    latent = hidden * low + low + hidden * (rank + rope) + rank
    size, lookups = config.number("index_head_dim"), config.number("index_n_heads")
    if size and lookups:
        latent += low * lookups * size + hidden * size + 2 * size + hidden * lookups
    return whole, latent


def vision(config: ConfigReader) -> int:
    """Return about how many parameters a vision tower has: its layers only."""
    tower = config.table("vision_config")
    sizes = [
        next((tower[name] for name in names if isinstance(tower.get(name), int)), 0)
        for names in (("hidden_size",), ("intermediate_size",), ("num_hidden_layers", "depth"))
    ]
    hidden, inner, layers = sizes
    return layers * (4 * hidden * hidden + 2 * hidden * inner)
