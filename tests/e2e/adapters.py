"""LoRA adapters with random weights, as PEFT writes them."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

RANK = 4


def write_adapter(directory: Path, model: Path, seed: int) -> Path:
    """Write an adapter of the query and value projections of a Llama model."""
    config = json.loads((model / "config.json").read_text())
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    values = config["num_key_value_heads"] * (config.get("head_dim") or hidden // heads)
    outputs = {"q_proj": hidden, "v_proj": values}
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for name, size in outputs.items():
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{place}.lora_A.weight"] = torch.randn(RANK, hidden, generator=random) / 10
            weights[f"{place}.lora_B.weight"] = torch.randn(size, RANK, generator=random) / 10
    about = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 2 * RANK,
        "target_modules": list(outputs), "bias": "none", "lora_dropout": 0.0,
        "base_model_name_or_path": str(model),
    }  # fmt: skip
    directory.mkdir(parents=True)
    (directory / "adapter_config.json").write_text(json.dumps(about))
    save_file(weights, directory / "adapter_model.safetensors")
    return directory
