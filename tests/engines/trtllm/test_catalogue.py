"""TensorRT-LLM's arguments are on record, since it cannot be installed everywhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.argument_types import names
from dynamo.engines.catalogue import DIRECTORY, catalogue_versions, load, nearest_version

ROOT = Path(__file__).parents[3]
PLAIN = {"bool", "int", "float", "str", "null", "any", "dict"}


def test_any_version_uses_the_record() -> None:
    assert catalogue_versions("trtllm") == ("1.2",)
    assert nearest_version("trtllm", "1.3.0rc29") == "1.2"


def test_the_committed_catalogue_is_what_the_record_says() -> None:
    run = [sys.executable, "-m", "scripts.make_catalogue", "trtllm"]
    done = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == (DIRECTORY / "trtllm-1.2.json").read_text()


def test_every_type_can_be_checked_and_every_default_is_legal() -> None:
    catalogue = load("trtllm")
    arguments = {name: a for name, a in catalogue.arguments.items() if name != "model"}
    used = {name for a in arguments.values() for name in names(a.type) if "[" not in name}
    assert used <= PLAIN | catalogue.configs.keys()
    assert check_arguments({name: a.default for name, a in arguments.items()}, catalogue) == []


@pytest.mark.parametrize(
    ("engine", "path"),
    [
        ({"tensor_parallel_size": 0}, "tensor_parallel_size"),
        ({"kv_cache_config": {"free_gpu_memory_fraction": 1.5}},
         "kv_cache_config.free_gpu_memory_fraction"),
        ({"cache_transceiver_config": {"backend": "nixl"}}, "cache_transceiver_config.backend"),
        ({"scheduler_config": {"dynamic_batch_config": {"window": 1}}},
         "scheduler_config.dynamic_batch_config.window"),
        ({"guided_decoding_backend": "outlines"}, "guided_decoding_backend"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_found(engine: dict[str, object], path: str) -> None:
    (problem,) = check_arguments(engine, load("trtllm"))
    assert problem.path == f"backend.engine.{path}"
