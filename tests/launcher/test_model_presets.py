"""A preset for a model says on which GPUs it runs: its heads divide there, and it fits."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.machine import Machine
from dynamo.launcher.checking import all_problems
from dynamo.launcher.planning import plan_launch
from tests.models import known_models

pytestmark = pytest.mark.slow

CONF = Path(__file__).parents[2] / "conf"
PROMISE = re.compile(
    r"on (?P<count>one|two|four|eight) GPUs? of (?P<size>\d+) GB(?: or more)?:"
    r"\s(?P<weights>\d+)\sGB of weights"
)
COUNTS = {"one": 1, "two": 2, "four": 4, "eight": 8}
FOR_PROGRAMS = 0.985
"""Of a GPU's memory; the driver keeps the rest."""
SERVER = Machine(
    cpu_threads=64,
    memory_bytes=512 * 2**30,
    engine_versions={"vllm": "0.32.0", "sglang": "0.5.20"},
    models=known_models(),
)


def promises() -> dict[str, re.Match[str]]:
    """Return what the comment of each preset promises, for those that name GPUs."""
    texts = {file.stem: file.read_text() for file in (CONF / "preset").glob("*.yaml")}
    joined = {name: text.replace("\n# ", " ") for name, text in texts.items()}
    return {name: found for name, text in joined.items() if (found := PROMISE.search(text))}


PROMISES = promises()


def test_presets_for_models_promise_something() -> None:
    models = {"vllm_llama_3_1_8b", "vllm_gpt_oss_120b", "vllm_deepseek_r1", "vllm_qwen3_32b"}
    assert models <= PROMISES.keys()


@pytest.mark.parametrize("preset", sorted(PROMISES))
def test_a_model_fits_the_gpus_that_its_preset_names(preset: str) -> None:
    promise = PROMISES[preset]
    count, size = COUNTS[promise["count"]], int(int(promise["size"]) * 1e9 * FOR_PROGRAMS)
    machine = replace(SERVER, gpus=count, gpu_memory_bytes=(size,) * count)
    composition = compose_config([f"preset={preset}"], {}, CONF)
    assert composition.config is not None
    assert composition.config.model.path in machine.models
    assert all_problems(composition, machine) == []
    memory = plan_launch(composition.config, machine).memory
    assert memory is not None
    assert memory.estimate is not None
    assert memory.devices == count
    weights = memory.estimate.weights_bytes * count / 1e9
    assert weights == pytest.approx(int(promise["weights"]), rel=0.06)
