"""Read what is here of a model: its config.json and the size of its weights; nothing is fetched."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.model_facts import ModelFacts, model_facts
from dynamo.worker.model_places import model_here

INDEX = "model.safetensors.index.json"
WEIGHTS = ("model*.safetensors", "*.safetensors", "pytorch_model*.bin", "*.bin", "*.pt")


def with_model(machine: Machine, reference: str) -> Machine:
    """Return the machine with the facts of this model, if its files are here."""
    return machine.with_model(reference, known_model(reference))


def known_model(reference: str) -> ModelFacts | None:
    """Return the facts of a model whose config.json is here and can be read."""
    directory = model_here(reference)
    config = _table(directory / "config.json") if directory else None
    if directory is None or not config:
        return None
    if not config.get("quantization_config"):
        # NVIDIA ModelOpt writes a file of its own.
        config["quantization_config"] = _table(directory / "hf_quant_config.json")
    return model_facts(config, checkpoint_bytes(directory))


def checkpoint_bytes(directory: Path) -> int | None:
    """Return the size of the weights that an engine loads: those of the index, if there is one."""
    listed = _table(directory / INDEX).get("weight_map")
    if isinstance(listed, dict):
        return _size({directory / str(name) for name in listed.values()})
    return next((size for glob in WEIGHTS if (size := _size(directory.glob(glob)))), None)


def _size(files: Iterable[Path]) -> int | None:
    try:
        return sum(file.stat().st_size for file in files) or None
    except OSError:  # a download that is not complete
        return None


def _table(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
