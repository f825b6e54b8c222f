"""How long a sequence may be: position embeddings and the scaling of rotary embeddings."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.model_facts.facts import ContextLength
from dynamo.config.model_facts.reader import ConfigReader

KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""Where models of various families write it; the smallest holds. `model_max_length` wins."""
ALREADY_SCALED = (
    "default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "mrope", "proportional",
)  # fmt: skip
"""Kinds of scaling after which max_position_embeddings is the scaled length already."""

HIGHEST_FACTOR = 10_000


def context_length(config: ConfigReader) -> ContextLength | None:
    """Return the longest sequence as vLLM derives it, or None when config.json has no word of it.

    Linear and dynamic scaling multiply the length that is written; the other kinds are contained
    in it. Source: `_get_and_verify_max_len` in vllm/config/model.py of vLLM 0.32.0.
    """
    written = {key: number for key in KEYS if (number := config.number(key))}
    preferred = config.number("model_max_length")
    if preferred:
        written = {"model_max_length": preferred}
    if not written:
        return None
    key = min(written, key=written.__getitem__)
    ropes = list(_ropes(config))
    factor = 1.0
    for rope in ropes if "gemma3" not in str(config.value("model_type")) else ():
        given = rope.get("factor")
        if _kind(rope) not in ALREADY_SCALED and isinstance(given, int | float):
            factor = float(given) if 1 <= given < HIGHEST_FACTOR else factor
    longrope = any(_kind(rope) == "longrope" for rope in ropes)
    starts_at = config.number("original_max_position_embeddings") if longrope else None
    return ContextLength(int(written[key] * factor), key, factor, starts_at)


def _ropes(config: ConfigReader) -> Iterator[Mapping[str, Any]]:
    """Yield the scaling of all layers, or of each kind of layer where they differ."""
    for name in ("rope_parameters", "rope_scaling"):
        table = config.table(name)
        inner = [value for value in table.values() if isinstance(value, Mapping)]
        yield from inner or ([table] if table else [])


def _kind(rope: Mapping[str, Any]) -> str:
    return str(rope.get("rope_type") or rope.get("type") or "default")
