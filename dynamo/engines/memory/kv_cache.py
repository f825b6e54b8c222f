"""Bytes that one token takes in the KV cache of one device."""

from dynamo.config.model_facts import LayerCache, ModelFacts, State
from dynamo.engines.memory.weights import DTYPE_BYTES

FP8 = ("fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "FP8")
SPARSE_FP8_BYTES = 656
"""DeepSeek's sparse attention keeps 512 values in fp8 with 4 scales, and 64 values in bfloat16."""


def cache_dtype_bytes(facts: ModelFacts, chosen: str, dtype: str) -> int | None:
    """Return the bytes of one number; None for a format whose layout is not known here.

    `auto` is what the checkpoint asks for, else the type that the model computes in.
    """
    if chosen == "auto":
        chosen = (facts.quantization.kv_cache if facts.quantization else None) or dtype
    return 1 if chosen in FP8 else DTYPE_BYTES.get(chosen)


def state_bytes(state: State, tensor: int, dtype: str) -> int:
    """Return the bytes of one layer's state of a sequence, on one device."""
    width = DTYPE_BYTES.get(dtype, 2)
    recurrent = DTYPE_BYTES.get(state.recurrent_dtype or dtype, width)
    return state.convolution // tensor * width + state.recurrent // tensor * recurrent


def layer_bytes(cache: LayerCache, tensor: int, width: int) -> int:
    """Return the bytes per token of one layer on one device.

    Key and value heads are divided by tensor parallelism down to one; a latent vector (MLA) is
    kept whole by every device.
    """
    if cache.kind == "latent" and cache.extra_bytes and width == 1:
        return SPARSE_FP8_BYTES + cache.extra_bytes
    return max(1, cache.heads // tensor) * cache.values * width + cache.extra_bytes
