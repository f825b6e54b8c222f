"""Memory of the weights on one device."""

from dynamo.config.model_facts import ModelFacts, Weights
from dynamo.engines.memory.parallelism import Parallelism

DTYPE_BYTES = {"float32": 4, "float": 4, "bfloat16": 2, "float16": 2, "half": 2}
ENDS = ("embedding", "head")
"""Parts that stand before and behind all layers."""
TRUSTED = 0.05
"""Up to this share, what is counted is believed although the files differ: speculative layers and
vision towers are in the files and may not be loaded."""


def computing_dtype(facts: ModelFacts, chosen: str) -> str:
    """Return the type that a model computes in.

    `auto` is the checkpoint's own type, where float32 becomes bfloat16 (vllm/config/model.py,
    `_resolve_auto_dtype`, 0.32.0).
    """
    if chosen not in ("auto", ""):
        return chosen
    return facts.dtype if facts.dtype not in (None, "float32") else "bfloat16"


def weights_bytes(facts: ModelFacts, spread: Parallelism, dtype: str) -> int | None:
    """Return the bytes on the device that holds most, or None when nothing is known.

    Tensor parallelism cuts matrices and embeddings and repeats norms and routers; expert
    parallelism gives each rank whole experts; a pipeline's stages share the layers, and the larger
    of embedding and output head adds to one of them.
    Known files of another size than the count correct it in proportion.
    """
    parts = facts.weights or ()
    if not parts or any(not part.bits for part in parts):
        return _from_files(facts, spread, dtype)
    sizes = [(part.part in ENDS, _on_device(part, spread, _bits(part, dtype))) for part in parts]
    ends = [size for is_end, size in sizes if is_end]
    layers = sum(size for is_end, size in sizes if not is_end) / spread.pipeline
    stage = sum(ends) if spread.pipeline == 1 else max(ends, default=0)
    return int((layers + stage) * _correction(facts))


def _bits(part: Weights, dtype: str) -> float:
    return part.bits if part.quantised else 8 * DTYPE_BYTES.get(dtype, 2)


def _on_device(part: Weights, spread: Parallelism, bits: float) -> float:
    ranks = {"tensor": spread.tensor, "experts": spread.tensor, "none": 1}[part.split]
    if part.split == "experts" and spread.experts:
        ranks = spread.tensor * spread.data
    return part.parameters * bits / 8 / ranks


def _correction(facts: ModelFacts) -> float:
    if not facts.checkpoint_bytes or facts.weights is None:
        return 1
    counted = sum(part.parameters * part.bits / 8 for part in facts.weights)
    ratio = facts.checkpoint_bytes / counted
    return 1 if abs(ratio - 1) <= TRUSTED else ratio


def _from_files(facts: ModelFacts, spread: Parallelism, dtype: str) -> int | None:
    if not facts.checkpoint_bytes:
        return None
    stored = DTYPE_BYTES.get(facts.dtype or "", 0)
    growth = DTYPE_BYTES.get(dtype, 0) / stored if stored and not facts.quantization else 1
    return int(facts.checkpoint_bytes * (growth or 1) / (spread.tensor * spread.pipeline))
