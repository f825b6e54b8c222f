"""What each layer keeps in the KV cache: full, sliding window, chunked, or latent attention."""

from collections import Counter
from collections.abc import Iterable

from dynamo.config.model_facts.facts import CacheKind, LayerCache
from dynamo.config.model_facts.families import CACHES_ONLY, FAMILIES
from dynamo.config.model_facts.linear_attention import linear_sizes, sequence_state
from dynamo.config.model_facts.reader import ConfigReader

LATENT = (
    "deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "glm_moe_dsa", "glm4_moe_lite",
    "longcat_flash", "pangu_ultra_moe",
)  # fmt: skip
"""Families whose keys and values engines keep as one latent vector (MLA)."""
UNKNOWN = (
    "compress_ratios", "hybrid_override_pattern", "layers_block_type", "block_configs",
    "linear_attn_config", "attn_layer_period", "mamba_d_state", "ssm_state_size", "state_size",
    "mamba_expand", "indexer_types", "cross_attention_layers",
)  # fmt: skip
"""Settings of attention or of state spaces whose caches are not computed here."""
KINDS: dict[str, CacheKind] = {
    "full_attention": "full",
    "sliding_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "state",
}
EVERY_NTH_FULL = {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "cohere2": 4}
"""Families whose every n-th layer sees everything, where config.json does not list the layers."""
ALL_SLIDING = ("mistral", "mixtral", "starcoder2")
INDEX_SCALE_BYTES = 4
FULL_AMONG_LINEAR = 4


def layer_caches(config: ConfigReader) -> tuple[LayerCache, ...] | None:
    """Return the caches by kind of layer, or None when a layer is of a kind not known here."""
    kinds = layer_kinds(config)
    if kinds is None:
        return None
    if config.number("kv_lora_rank"):
        return _latent(config, len(kinds))
    shared = config.number("num_kv_shared_layers") or 0
    counts = Counter(kinds[: max(1, len(kinds) - shared)])
    if not kv_heads(config) or not head_size(config) or counts.keys() == {"state"}:
        return None
    return tuple(_attention(config, kind, layers) for kind, layers in counts.items())


def layer_kinds(config: ConfigReader) -> tuple[CacheKind, ...] | None:
    """Return each layer's kind; None when one is not known here."""
    layers = config.number("num_hidden_layers", "n_layer", "num_layers")
    if str(config.value("model_type")) not in (*FAMILIES, *CACHES_ONLY):
        return None
    if not layers or any(config.value(name) for name in UNKNOWN):
        return None
    listed = config.texts("layer_types")
    if "linear_attention" in listed and linear_sizes(config) is None:
        return None
    if listed:
        known = [KINDS[name] for name in listed if name in KINDS]
        return tuple(known) if len(known) == len(listed) == layers else None
    return tuple(_kinds_by_family(config, layers))


def _kinds_by_family(config: ConfigReader, layers: int) -> Iterable[CacheKind]:
    family = str(config.value("model_type")).removesuffix("_text")
    if family == "llama4" and config.number("attention_chunk_size"):
        nth = config.number("no_rope_layer_interval") or 4
        return ("full" if (index + 1) % nth == 0 else "chunked" for index in range(layers))
    if family in EVERY_NTH_FULL and config.number("sliding_window"):
        nth = config.number("sliding_window_pattern") or EVERY_NTH_FULL[family]
        return ("full" if (index + 1) % nth == 0 else "sliding" for index in range(layers))
    if family in ALL_SLIDING and config.number("sliding_window"):
        return ("sliding" for _ in range(layers))
    if linear_sizes(config) is not None:
        nth = config.number("full_attention_interval") or FULL_AMONG_LINEAR
        return ("full" if (index + 1) % nth == 0 else "state" for index in range(layers))
    if config.flag("use_sliding_window") and config.number("sliding_window"):
        first = config.number("max_window_layers") or 0
        return ("full" if index < first else "sliding" for index in range(layers))
    return ("full" for _ in range(layers))


def _attention(config: ConfigReader, kind: CacheKind, layers: int) -> LayerCache:
    if kind == "state":
        return LayerCache(kind, layers, 0, 0, state=sequence_state(config))
    heads, size = kv_heads(config), head_size(config)
    if kind == "full":
        heads = config.number("num_global_key_value_heads") or heads
        size = config.number("global_head_dim") or size
    windows = {"sliding": "sliding_window", "chunked": "attention_chunk_size"}
    window = config.number(windows[kind]) if kind in windows else None
    return LayerCache(kind, layers, heads, size + (config.number("v_head_dim") or size), window)


def _latent(config: ConfigReader, layers: int) -> tuple[LayerCache, ...] | None:
    rank, rope = config.number("kv_lora_rank"), config.number("qk_rope_head_dim")
    if config.value("model_type") not in LATENT or not rank or not rope:
        return None
    index = config.number("index_head_dim")
    extra = index + INDEX_SCALE_BYTES if index else 0
    unfolded = sum(config.number(name) or 0 for name in ("qk_nope_head_dim", "v_head_dim"))
    return (LayerCache("latent", layers, 1, rank + rope, extra_bytes=extra, unfolded=unfolded),)


def attention_heads(config: ConfigReader) -> int:
    """Return the number of query heads; 0 when config.json does not say."""
    return config.number("num_attention_heads", "n_head") or 0


def kv_heads(config: ConfigReader) -> int:
    """Return the number of key and value heads, which are the query heads unless it is said."""
    names = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num")
    return config.number(*names) or attention_heads(config)


def head_size(config: ConfigReader) -> int:
    """Return the width of one head."""
    hidden, heads = config.number("hidden_size", "n_embd") or 0, attention_heads(config)
    return config.number("head_dim") or (hidden // heads if heads else 0)
