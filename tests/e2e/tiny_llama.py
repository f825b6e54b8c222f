"""A very small Llama with random float32 weights, whose answers depend on the whole prompt."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.worker.tiny_model import WORDS, write_tiny_model

LAYERS, HIDDEN, HEADS, FEED_FORWARD = 2, 64, 2, 128
CONTEXT = 1024


def vllm_settings(model: Path) -> tuple[str, ...]:
    """Return overrides for a worker that serves such a model under its directory's name."""
    return (
        "backend=vllm", f"model.path={model}", f"model.served_name={model.name}",
        "backend.device=cpu", f"backend.engine.max_model_len={CONTEXT}",
        "backend.engine.max_num_seqs=8", "backend.engine.dtype=float32",
        "backend.environment.VLLM_CPU_KVCACHE_SPACE=1", "backend.environment.OMP_NUM_THREADS=1",
    )  # fmt: skip


def write_tiny_llama(directory: Path, seed: int = 0) -> Path:
    """Make the directory and return it; the same seed gives the same model."""
    write_tiny_model(
        directory,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        rms_norm_eps=1e-5,
        tie_word_embeddings=False,
        torch_dtype="float32",
        max_position_embeddings=CONTEXT,
    )
    random = np.random.default_rng(seed)
    tensors = {
        name: np.ones(shape, np.float32)
        if len(shape) == 1
        else random.normal(0, 0.15, shape).astype(np.float32)
        for name, shape in tensor_shapes().items()
    }
    save_file(tensors, directory / "model.safetensors", {"format": "pt"})
    return directory


def tensor_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor under its name in a checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (len(WORDS), HIDDEN),
        "model.norm.weight": (HIDDEN,),
        "lm_head.weight": (len(WORDS), HIDDEN),
    }
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            shapes[f"{prefix}.self_attn.{part}.weight"] = (HIDDEN, HIDDEN)
        for part in ("gate_proj", "up_proj"):
            shapes[f"{prefix}.mlp.{part}.weight"] = (FEED_FORWARD, HIDDEN)
        shapes[f"{prefix}.mlp.down_proj.weight"] = (HIDDEN, FEED_FORWARD)
        for part in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{prefix}.{part}.weight"] = (HIDDEN,)
    return shapes
