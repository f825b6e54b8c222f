"""A model directory with a tokenizer of a hundred words and no weights."""

import json
from pathlib import Path
from typing import Any

WORDS = ["<unk>", "<s>", "</s>", *(f"w{number}" for number in range(97))]
CHAT_TEMPLATE = "{% for message in messages %}{{ message.content }} {% endfor %}"


def write_tiny_model(directory: Path, **more: Any) -> Path:
    """Make the directory and return it; `more` goes into config.json."""
    directory.mkdir()
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    special = [
        {"id": number, "content": WORDS[number], "special": True, "single_word": False,
         "lstrip": False, "rstrip": False, "normalized": False}
        for number in range(3)
    ]  # fmt: skip
    tokenizer = {
        "version": "1.0",
        "added_tokens": special,
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": len(WORDS),
        "max_position_embeddings": 256,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **more,
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "chat_template": CHAT_TEMPLATE,
    }
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    (directory / "config.json").write_text(json.dumps(config))
    return directory
