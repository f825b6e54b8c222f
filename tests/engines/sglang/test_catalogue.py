"""SGLang's arguments are known for both supported versions, without importing SGLang."""

import pytest

from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.argument_types import names
from dynamo.engines.catalogue import catalogue_versions, load

VERSIONS = ("0.5.20", "0.5.15.post1")
PLAIN = {"bool", "int", "float", "str", "null", "any", "dict", "list"}


def test_the_supported_versions_are_known_newest_first() -> None:
    assert catalogue_versions("sglang") == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_the_arguments_that_a_worker_needs_are_known(version: str) -> None:
    catalogue = load("sglang", version)
    needed = {
        "model_path", "served_model_name", "tp_size", "page_size", "mem_fraction_static",
        "incremental_streaming_output", "skip_tokenizer_init", "is_embedding", "encoder_only",
        "kv_events_config", "disaggregation_mode", "disaggregation_bootstrap_port",
        "disaggregation_transfer_backend", "tokenizer_worker_num", "enable_multimodal",
    }  # fmt: skip
    assert needed <= catalogue.arguments.keys()
    assert {"SGLANG_USE_CPU_ENGINE", "SGLANG_TRACE_LEVEL"} <= catalogue.environment


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_can_be_checked_and_every_default_is_legal(version: str) -> None:
    catalogue = load("sglang", version)
    arguments = {name: a for name, a in catalogue.arguments.items() if name != "model_path"}
    used = {name for a in arguments.values() for name in names(a.type) if "[" not in name}
    assert used <= PLAIN | catalogue.configs.keys()
    assert check_arguments({name: a.default for name, a in arguments.items()}, catalogue) == []


def test_an_argument_says_how_sglang_takes_it() -> None:
    arguments = load("sglang", "0.5.20").arguments
    assert arguments["tp_size"].flags == ("--tp-size", "--tensor-parallel-size")
    assert arguments["context_length"].units == "iec"
    assert arguments["kv_events_config"].as_json == "text"
    assert arguments["cuda_graph_config"].as_json == "flag"
    assert arguments["trust_remote_code"].action == "on"
    assert arguments["lora_target_modules"].nargs == "*"
    assert "nixl" in arguments["disaggregation_transfer_backend"].choices


@pytest.mark.parametrize(
    ("engine", "path", "suggestion"),
    [
        ({"tp_sise": 2}, "backend.engine.tp_sise", "backend.engine.tp_size=2"),
        ({"tensor_parallel_size": 2}, "backend.engine.tensor_parallel_size",
         "backend.engine.tp_size=2"),
        ({"tp_size": "2"}, "backend.engine.tp_size", "backend.engine.tp_size=2"),
        ({"context_length": "4K"}, "backend.engine.context_length",
         "backend.engine.context_length=4096"),
        ({"disaggregation_transfer_backend": "nixel"},
         "backend.engine.disaggregation_transfer_backend",
         "backend.engine.disaggregation_transfer_backend=nixl"),
        ({"cuda_graph_config": {"decode": {"backnd": "full"}}},
         "backend.engine.cuda_graph_config.decode.backnd",
         "backend.engine.cuda_graph_config.decode.backend=full"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_found_with_what_was_meant(
    engine: dict[str, object], path: str, suggestion: str
) -> None:
    (problem,) = check_arguments(engine, load("sglang", "0.5.20"))
    assert (problem.path, problem.suggestion) == (path, suggestion)
