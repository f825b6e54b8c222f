"""What a model's own config.json says about it, as plain frozen data."""

from dataclasses import dataclass
from typing import Literal

CacheKind = Literal["full", "sliding", "chunked", "latent", "state"]
Split = Literal["tensor", "experts", "none"]


@dataclass(frozen=True)
class LayerCache:
    """What the layers of one kind keep in the KV cache for each token."""

    kind: CacheKind
    """`full`: every token; `sliding` and `chunked`: the last `window` tokens; `latent`: every token
    as one compressed vector (MLA, as in DeepSeek); `state`: one state for the whole sequence
    (linear attention, as in Qwen3-Next)."""
    layers: int
    heads: int
    """KV heads, which tensor parallelism divides; `latent` has one, which every GPU keeps."""
    values: int
    """Numbers per token and head: key and value together."""
    window: int | None = None
    """Tokens."""
    extra_bytes: int = 0
    """More bytes per token and layer: the index of sparse attention."""
    unfolded: int = 0
    """Numbers per token and query head once latent keys and values are unfolded, for prefill."""
    state: "State | None" = None
    """Of a layer that keeps one state for a sequence instead of its tokens."""


@dataclass(frozen=True)
class State:
    """What a layer with linear attention keeps for a sequence; tensor parallelism divides it."""

    convolution: int
    """Numbers, in the type that the model computes in."""
    recurrent: int
    """Numbers, in a type of their own."""
    recurrent_dtype: str | None = None
    """None: the model's."""


@dataclass(frozen=True)
class Weights:
    """Parameters of one part of the model."""

    part: str
    """`embedding`, `head`, `attention`, `latent projections`, `mlp`, `shared experts`, `experts`,
    `router and norms`, `vision`."""
    parameters: int
    bits: float
    """Stored bits per parameter, scales of the quantisation included."""
    split: Split
    """What divides it: tensor parallelism, expert parallelism, or nothing."""
    quantised: bool = False


@dataclass(frozen=True)
class Quantization:
    """How a checkpoint's weights are stored, from `quantization_config`."""

    method: str
    """In vLLM's words: `fp8`, `awq`, `gptq`, `mxfp4`, `compressed-tensors`, `modelopt`, ..."""
    bits: float | None
    """Stored bits per quantised parameter, scales included; None: not known."""
    spared: tuple[str, ...] = ()
    """Names of modules that are not quantised, as the checkpoint writes them."""
    kv_cache: str | None = None
    """`fp8` where the checkpoint asks for it."""


@dataclass(frozen=True)
class ContextLength:
    """Longest sequence that the model was made for."""

    tokens: int
    key: str
    """Where config.json says so."""
    factor: float = 1.0
    """Scaling of the rotary embedding by which `tokens` is multiplied already."""
    starts_at: int | None = None
    """What an engine starts with when nothing else is asked for, where that is less (LongRoPE)."""


@dataclass(frozen=True)
class ModelFacts:
    """A model as its config.json describes it; None where it says nothing that is understood."""

    model_type: str
    """Of the language model inside, for a model with media."""
    layers: int
    hidden_size: int
    intermediate_size: int
    """Widest inner layer of the feed-forward part, of all active experts together."""
    attention_heads: int
    kv_heads: int
    vocab_size: int
    experts: int = 0
    """0 for a dense model."""
    dtype: str | None = None
    """Type in which the model computes."""
    context: ContextLength | None = None
    quantization: Quantization | None = None
    caches: tuple[LayerCache, ...] | None = None
    """None: a kind of attention whose cache is not known here; nothing can be said about it."""
    weights: tuple[Weights, ...] | None = None
    """None: a family whose shapes are not known here."""
    checkpoint_bytes: int | None = None
    """Size of the weight files, where they are on this machine."""

    @property
    def parameters(self) -> int | None:
        """Return the language model's parameters, without layers for speculation."""
        if self.weights is None:
            return None
        return sum(part.parameters for part in self.weights if part.part != "vision")
