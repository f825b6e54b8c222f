"""Engine arguments are known for every supported version, without importing an engine."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynamo.engines.argument_types import names
from dynamo.engines.catalogue import Argument, catalogue_versions, load, nearest_version

ROOT = Path(__file__).parents[2]
VERSIONS = ("0.32.0", "0.28.0", "0.26.0")
KNOWN_TYPES = {"bool", "int", "float", "str", "null", "any", "dict", "list"}


def test_the_supported_versions_are_known_newest_first() -> None:
    assert catalogue_versions("vllm") == VERSIONS


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (None, "0.32.0"),
        ("0.32.0", "0.32.0"),
        ("0.32.0+cpu", "0.32.0"),
        ("0.28.0", "0.28.0"),
        ("0.28", "0.28.0"),
        ("0.30.1", "0.28.0"),
        ("0.33.0", "0.32.0"),
        ("0.100.0", "0.32.0"),
        ("0.9.1", "0.26.0"),
    ],
)
def test_an_unknown_version_uses_the_newest_older_catalogue(asked: str | None, used: str) -> None:
    assert nearest_version("vllm", asked) == used


@pytest.mark.parametrize("version", VERSIONS)
def test_the_arguments_that_a_worker_needs_are_known(version: str) -> None:
    catalogue = load("vllm", version)
    assert catalogue.version == version
    needed = {
        "model", "served_model_name", "max_model_len", "max_num_seqs", "block_size", "dtype",
        "enable_prefix_caching", "gpu_memory_utilization", "tensor_parallel_size",
        "kv_transfer_config", "kv_events_config", "runner", "enable_log_requests", "enforce_eager",
    }  # fmt: skip
    assert needed <= catalogue.arguments.keys()
    assert {"KVTransferConfig", "KVEventsConfig", "CompilationConfig"} <= catalogue.configs.keys()
    assert "VLLM_CPU_KVCACHE_SPACE" in catalogue.environment


def test_an_argument_says_all_that_vllm_declares() -> None:
    arguments = load("vllm", "0.32.0").arguments
    assert arguments["max_num_seqs"] == Argument(
        name="max_num_seqs",
        type="int | null",
        flags=("--max-num-seqs",),
        ge=1,
        help="Maximum number of sequences to be processed in a single iteration.",
    )
    utilization = arguments["gpu_memory_utilization"]
    assert (utilization.type, utilization.gt, utilization.le) == ("float", 0, 1)
    assert arguments["max_model_len"].units == "auto"
    assert arguments["served_model_name"].nargs == "+"
    assert arguments["disable_log_stats"].action == "on"
    assert arguments["enforce_eager"].action == "on or off"
    assert "float16" in arguments["dtype"].choices
    assert arguments["attention_backend"].spelling == "any case"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_can_be_checked(version: str) -> None:
    catalogue = load("vllm", version)
    known = KNOWN_TYPES | catalogue.configs.keys()
    everything = [
        *catalogue.arguments.values(),
        *(field for fields in catalogue.configs.values() for field in fields.values()),
    ]
    plain = {name for argument in everything for name in names(argument.type) if "[" not in name}
    assert plain <= known


@pytest.mark.parametrize("version", VERSIONS)
def test_every_default_is_null_or_a_legal_value(version: str) -> None:
    from dynamo.engines.argument_checks import check_arguments

    catalogue = load("vllm", version)
    defaults = {name: argument.default for name, argument in catalogue.arguments.items()}
    assert check_arguments(defaults, catalogue) == []


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("max-num-seqs", "max_num_seqs"),
        ("--max-num-seqs", "max_num_seqs"),
        ("no_enable_prefix_caching", "enable_prefix_caching"),
        ("tp", "tensor_parallel_size"),
        ("-tp", "tensor_parallel_size"),
        ("device-memory-utilization", "gpu_memory_utilization"),
    ],
)
def test_an_argument_is_found_by_its_flags(spelling: str, name: str) -> None:
    found = load("vllm", "0.32.0").argument_for(spelling)
    assert found is not None
    assert found.name == name


def test_loading_costs_a_few_milliseconds() -> None:
    load.cache_clear()
    start = time.perf_counter()
    load("vllm")
    assert time.perf_counter() - start < 0.05


def test_checking_imports_no_engine() -> None:
    code = (
        "import sys\n"
        "from dynamo.engines.argument_checks import check_arguments\n"
        "from dynamo.engines.catalogue import load\n"
        "assert check_arguments({'max_num_seq': 1}, load('vllm'))\n"
        "heavy = {'torch', 'vllm', 'transformers', 'pydantic', 'numpy', 'dynamo._core'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
