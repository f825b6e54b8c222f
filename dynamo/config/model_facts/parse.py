"""From the text of a config.json to facts."""

from collections.abc import Mapping
from typing import Any

from dynamo.config.model_facts.attention import attention_heads, kv_heads, layer_caches
from dynamo.config.model_facts.context import context_length
from dynamo.config.model_facts.facts import ModelFacts
from dynamo.config.model_facts.feed_forward import number_of_experts, widest
from dynamo.config.model_facts.quantization import quantization
from dynamo.config.model_facts.reader import ConfigReader
from dynamo.config.model_facts.weights import counted_weights


def model_facts(config: Mapping[str, Any], checkpoint_bytes: int | None = None) -> ModelFacts:
    """Return what a config.json says; what it does not say, or says oddly, is None or 0.

    Args:
        config: the parsed file.
        checkpoint_bytes: size of the weight files, where they are at hand.
    """
    reader = ConfigReader(config)
    dtype = reader.words("dtype") or reader.words("torch_dtype")
    found = quantization(reader)
    return ModelFacts(
        model_type=reader.words("model_type") or "",
        layers=reader.number("num_hidden_layers", "n_layer", "num_layers") or 0,
        hidden_size=reader.number("hidden_size", "n_embd") or 0,
        intermediate_size=widest(reader),
        attention_heads=attention_heads(reader),
        kv_heads=kv_heads(reader),
        vocab_size=reader.number("vocab_size") or 0,
        experts=number_of_experts(reader),
        dtype=dtype.removeprefix("torch.") if dtype else None,
        context=context_length(reader),
        quantization=found,
        caches=layer_caches(reader),
        weights=counted_weights(reader, dtype, found),
        checkpoint_bytes=checkpoint_bytes,
    )
