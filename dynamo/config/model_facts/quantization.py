"""How a checkpoint is quantised, and how many bits one of its parameters takes."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dynamo.config.model_facts.facts import Quantization
from dynamo.config.model_facts.reader import ConfigReader, texts

Bits = Callable[[Mapping[str, Any]], float | None]
SPARED = (
    "modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules",
    "llm_int8_skip_modules",
)  # fmt: skip
PREFIXES = ("model", "language_model.model", "model.language_model")
MXFP4_BITS = 4 + 8 / 32
NVFP4_BITS = 4 + 8 / 16
SCALE_BITS = 16


def quantization(config: ConfigReader) -> Quantization | None:
    """Return what `quantization_config` (or `compression_config`) says; None: not quantised."""
    table = config.table("quantization_config") or config.table("compression_config")
    method = _method(table)
    if not method:
        return None
    settings = {**table, **_inner(table)}
    bits = BITS.get(method)
    spared = tuple(name for key in SPARED for name in texts(settings.get(key)))
    return Quantization(method, bits(settings) if bits else None, spared, _kv_cache(settings))


def spares(found: Quantization, layer: int, module: str) -> bool:
    """Tell whether a module of a layer, such as `mlp.gate_proj`, keeps its full precision.

    Checkpoints name modules by whole or partial names, by patterns with `*`, or by `re:` and a
    regular expression.
    """
    names = [f"{prefix}.layers.{layer}.{module}" for prefix in PREFIXES]
    return any(_names(pattern, name) for pattern in found.spared for name in names)


def _names(pattern: str, name: str) -> bool:
    if pattern.startswith("re:"):
        try:
            return re.match(pattern[3:], name) is not None
        except re.error:
            return False
    if "*" in pattern:
        return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"{pattern}.*")
    return f".{pattern}." in f".{name}."


def _method(table: Mapping[str, Any]) -> str:
    method = str(table.get("quant_method") or "").lower().replace("compressed_tensors", CT)
    producer = table.get("producer")
    if method == "modelopt" or (isinstance(producer, Mapping) and producer.get("name")):
        algorithm = str({**table, **_inner(table)}.get("quant_algo")).upper()
        special = {"NVFP4": "modelopt_fp4", "MIXED_PRECISION": "modelopt_mixed"}
        return special.get(algorithm, "modelopt")
    return method


def _inner(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inner table of NVIDIA ModelOpt's own file."""
    inner = table.get("quantization")
    return inner if isinstance(inner, Mapping) else {}


def _kv_cache(settings: Mapping[str, Any]) -> str | None:
    scheme = settings.get("kv_cache_scheme")
    eight = isinstance(scheme, Mapping) and scheme.get("num_bits") == 8
    return "fp8" if eight or settings.get("kv_cache_quant_algo") == "FP8" else None


def _fp8(settings: Mapping[str, Any]) -> float:
    block = settings.get("weight_block_size")
    return 8 + 32 / _product(block) if isinstance(block, list) else 8


def _product(block: list[Any]) -> int:
    size = 1
    for side in block:
        size *= side if isinstance(side, int) and side > 0 else 1
    return size


def _grouped(settings: Mapping[str, Any]) -> float | None:
    """AWQ and GPTQ: a scale of 16 bits and a zero point for each group of input channels."""
    bits = _positive(settings, "bits", "w_bit", "num_bits")
    group = _positive(settings, "group_size", "q_group_size")
    if not bits:
        return None
    return bits + (SCALE_BITS + bits) / group if group else float(bits)


def _bitsandbytes(settings: Mapping[str, Any]) -> float | None:
    """QLoRA, arXiv:2305.14314: blocks of 64 with a 32-bit scale, or 8 bits when quantised twice."""
    if settings.get("load_in_4bit") or settings.get("_load_in_4bit"):
        return 4 + (8 / 64 + 32 / (64 * 256) if settings.get("bnb_4bit_use_double_quant") else 0.5)
    return 8 if settings.get("load_in_8bit") or settings.get("_load_in_8bit") else None


def _compressed_tensors(settings: Mapping[str, Any]) -> float | None:
    found = set(_groups(settings))
    return found.pop() if len(found) == 1 else None


def _groups(settings: Mapping[str, Any]) -> Iterator[float | None]:
    groups = settings.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        weights = weights if isinstance(weights, Mapping) else {}
        bits, size = _positive(weights, "num_bits"), _positive(weights, "group_size")
        small_float = bits == 4 and weights.get("type") == "float"
        scale = 8 if small_float else SCALE_BITS
        zero = 0 if weights.get("symmetric", True) or small_float else bits or 0
        yield bits + ((scale + zero) / size if size else 0) if bits else None


def _positive(settings: Mapping[str, Any], *names: str) -> int | None:
    found = (settings.get(name) for name in names)
    return next((number for number in found if isinstance(number, int) and number > 0), None)


CT = "compressed-tensors"
BITS: dict[str, Bits] = {
    "fp8": _fp8,
    "fbgemm_fp8": lambda settings: 8,
    "modelopt": lambda settings: 8,
    "modelopt_fp4": lambda settings: NVFP4_BITS,
    "mxfp4": lambda settings: MXFP4_BITS,
    "awq": _grouped,
    "gptq": _grouped,
    "bitsandbytes": _bitsandbytes,
    CT: _compressed_tensors,
}
