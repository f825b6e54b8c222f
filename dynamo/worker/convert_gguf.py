"""Turn a GGUF file into a directory of safetensors, tokenizer and chat template.

Runs as a process of its own (`python convert_gguf.py MODEL.gguf DIRECTORY`): loading the weights
takes gigabytes and imports torch, and a worker should keep neither.
"""

import sys
from pathlib import Path


def convert(gguf_file: Path, directory: Path) -> None:
    """Write the dequantised model in bfloat16, with everything that an engine and a frontend read.

    The generation config comes from the file's own metadata, so a chat model stops at its
    end-of-turn token.
    """
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # Earlier releases know no such setting and always dequantise.
    keeps_quantised = hasattr(transformers, "GgufConfig")
    how = (
        {"quantization_config": transformers.GgufConfig(dequantize=True)} if keeps_quantised else {}
    )
    model = AutoModelForCausalLM.from_pretrained(
        gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.bfloat16, **how
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name)
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
