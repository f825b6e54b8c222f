"""Public models as their config.json describes them.

tests/data/models.json holds, of each file, the settings that dimensions and memory depend on: as
shipped in the package aiconfigurator-core 0.12.0 (Apache-2.0), Llama 3.3 and Qwen3 Next as in
that project's repository, SmolLM2 as converted here. Long lists of unquantised modules are cut to
one layer. `own/gemma3-text` is what was run on a GPU here, of the family's shape.
"""

import functools
import json
from pathlib import Path
from typing import Any

from dynamo.config.model_facts import ModelFacts, model_facts

FILE = Path(__file__).parent / "data" / "models.json"
SAME_DIMENSIONS = {
    "meta-llama/Llama-3.1-8B-Instruct": "meta-llama/Meta-Llama-3.1-8B",
    "meta-llama/Llama-3.1-70B-Instruct": "meta-llama/Meta-Llama-3.1-70B",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-V3.1": "deepseek-ai/DeepSeek-V3",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mistralai/Mixtral-8x7B-v0.1",
}
"""Models trained further from a recorded one, whose config.json has the same dimensions."""


@functools.cache
def configs() -> dict[str, dict[str, Any]]:
    """Return all recorded files by the model's name."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return found


def facts_of(name: str, **changes: Any) -> ModelFacts:
    """Return the facts of a recorded model, with settings changed."""
    return model_facts({**configs()[name], **changes})


@functools.cache
def known_models() -> dict[str, ModelFacts]:
    """Return the facts of all recorded models and of those with the same dimensions."""
    found = {name: facts_of(name) for name in configs()}
    return found | {name: found[same] for name, same in SAME_DIMENSIONS.items()}
