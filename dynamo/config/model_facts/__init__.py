"""Facts of a model, read from its own config.json: no engine and no network is asked."""

from dynamo.config.model_facts.facts import (
    CacheKind,
    ContextLength,
    LayerCache,
    ModelFacts,
    Quantization,
    State,
    Weights,
)
from dynamo.config.model_facts.parse import model_facts

__all__ = [
    "CacheKind",
    "ContextLength",
    "LayerCache",
    "ModelFacts",
    "Quantization",
    "State",
    "Weights",
    "model_facts",
]
