"""Engine arguments: what is wrong with one is said at once, with what was probably meant."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from dynamo.config.problems import Problem
from dynamo.engines.argument_checks import as_override, check_arguments, check_environment
from dynamo.engines.catalogue import load

CATALOGUE = load("vllm", "0.32.0")


def only_problem(arguments: dict[str, Any]) -> Problem:
    (problem,) = check_arguments(arguments, CATALOGUE)
    return problem


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"max_num_seqs": 16, "dtype": "float16", "enforce_eager": True},
        {"gpu_memory_utilization": 1},
        {"max_model_len": "4k"},
        {"max_model_len": "auto"},
        {"max_model_len": None},
        {"max_num_batched_tokens": "2.5k"},
        {"attention_backend": "flash_attn"},
        {"moe_backend": "deep-gemm"},
        {"served_model_name": ["a", "b"]},
        {"limit_mm_per_prompt": {"image": 2, "video": {"count": 1}}},
        {"kv_transfer_config": {"kv_connector": "NixlConnector", "kv_role": "kv_both"}},
        {"kv_transfer_config": {"kv_connector_extra_config": {"anything": [1]}}},
        {"compilation_config": {"mode": 3, "pass_config": {"fuse_norm_quant": True}}},
        {"compilation_config": {"mode": "vllm_compile", "cudagraph_mode": "FULL"}},
        {"collect_detailed_traces": ["model", "worker"]},
        {"max_lora_rank": 64},
        {"quantization_config": {"linear": "fp8_per_tensor"}},
        {"hf_token": True},
    ],
)
def test_what_vllm_takes_is_accepted(arguments: dict[str, Any]) -> None:
    assert check_arguments(arguments, CATALOGUE) == []


@pytest.mark.parametrize(
    ("name", "value", "suggestion"),
    [
        ("max_num_seq", 4, "backend.engine.max_num_seqs=4"),
        ("max-num-seqs", 4, "backend.engine.max_num_seqs=4"),
        ("--max-num-seqs", 4, "backend.engine.max_num_seqs=4"),
        ("tp", 2, "backend.engine.tensor_parallel_size=2"),
        ("no_enable_prefix_caching", True, "backend.engine.enable_prefix_caching=false"),
        ("no-enable-prefix-cahcing", True, "backend.engine.enable_prefix_caching=false"),
        ("enable_prefx_caching", True, "backend.engine.enable_prefix_caching=true"),
        ("MAX_NUM_SEQS", 4, "backend.engine.max_num_seqs=4"),
        ("xyzzy", 1, ""),
    ],
)
def test_an_unknown_name_is_reported_with_what_was_meant(
    name: str, value: Any, suggestion: str
) -> None:
    problem = only_problem({name: value})
    assert problem.path == f"backend.engine.{name}"
    assert problem.message == "is not an argument of vllm 0.32.0"
    assert problem.suggestion == suggestion
    assert problem.fatal


@pytest.mark.parametrize(
    ("arguments", "message", "allowed", "suggestion"),
    [
        (
            {"max_num_seqs": "16"},
            "is not an integer",
            "an integer or null",
            "backend.engine.max_num_seqs=16",
        ),
        (
            {"max_num_seqs": 16.0},
            "is not an integer",
            "an integer or null",
            "backend.engine.max_num_seqs=16",
        ),
        (
            {"enforce_eager": "yes"},
            "is not true or false",
            "true or false",
            "backend.engine.enforce_eager=true",
        ),
        (
            {"enforce_eager": 1},
            "is not true or false",
            "true or false",
            "backend.engine.enforce_eager=true",
        ),
        (
            {"max_num_batched_tokens": "4x"},
            "is not an integer",
            "an integer, or a text such as 16k (16000) or 16K (16384)",
            "",
        ),
        (
            {"logits_processors": "a.B"},
            "is not a list, each item a text",
            "a list, each item a text or null",
            "\"backend.engine.logits_processors=['a.B']\"",
        ),
        (
            {"seed": None},
            "cannot be null; leave it out for the default",
            "an integer",
            "",
        ),
        (
            {"kv_events_config": '{"publisher": "zmq"}'},
            "is not a mapping with the fields of KVEventsConfig",
            "a mapping with the fields of KVEventsConfig or null",
            "\"backend.engine.kv_events_config={publisher:'zmq'}\"",
        ),
    ],
)
def test_a_wrong_type_is_reported(
    arguments: dict[str, Any], message: str, allowed: str, suggestion: str
) -> None:
    problem = only_problem(arguments)
    assert (problem.message, problem.allowed, problem.suggestion) == (message, allowed, suggestion)


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        ({"dtype": "flaot16"}, "backend.engine.dtype=float16"),
        ({"max_lora_rank": 7}, "backend.engine.max_lora_rank=8"),
        ({"max_lora_rank": True}, "backend.engine.max_lora_rank=1"),
        ({"optimization_level": "O3"}, ""),
        ({"attention_backend": "FLASH_ATN"}, "backend.engine.attention_backend=FLASH_ATTN"),
        (
            {"collect_detailed_traces": ["model", "wrker"]},
            "backend.engine.collect_detailed_traces=worker",
        ),
        (
            {"kv_transfer_config": {"kv_role": "both"}},
            "backend.engine.kv_transfer_config.kv_role=kv_both",
        ),
    ],
)
def test_a_value_that_is_no_choice_is_reported(arguments: dict[str, Any], suggestion: str) -> None:
    problem = only_problem(arguments)
    assert problem.message == "is not one of the choices"
    assert problem.suggestion == suggestion
    assert problem.allowed


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ({"max_num_seqs": 0}, "1 or more"),
        ({"max_num_batched_tokens": "0k"}, "1 or more"),
        ({"gpu_memory_utilization": 1.5}, "more than 0 and at most 1"),
        ({"gpu_memory_utilization": 0}, "more than 0 and at most 1"),
        ({"watermark": 1}, "0.0 or more and less than 1.0"),
        ({"max_model_len": -2}, "-1 or more"),
        ({"eplb_config": {"window_size": 0}}, "more than 0"),
    ],
)
def test_a_value_out_of_bounds_is_reported(arguments: dict[str, Any], allowed: str) -> None:
    problem = only_problem(arguments)
    assert problem.message == "is out of range"
    assert problem.allowed == allowed


def test_a_misspelt_field_of_a_config_class_is_reported_with_its_path() -> None:
    problem = only_problem({"kv_transfer_config": {"kv_conector": "NixlConnector"}})
    assert problem.path == "backend.engine.kv_transfer_config.kv_conector"
    assert problem.message == "is not a field of vllm's KVTransferConfig"
    meant = "backend.engine.kv_transfer_config.kv_connector=NixlConnector"
    assert problem.suggestion == meant


def test_everything_wrong_is_reported_at_once() -> None:
    wrong = {
        "max_num_seq": 4,
        "dtype": "float8",
        "max_num_seqs": 0,
        "compilation_config": {"mod": 3, "pass_config": {"fuse_norm_quant": "on"}},
    }
    assert [problem.path for problem in check_arguments(wrong, CATALOGUE)] == [
        "backend.engine.max_num_seq",
        "backend.engine.dtype",
        "backend.engine.max_num_seqs",
        "backend.engine.compilation_config.mod",
        "backend.engine.compilation_config.pass_config.fuse_norm_quant",
    ]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("VLLM_CPU_KVCACHE_SPAC", "backend.environment.VLLM_CPU_KVCACHE_SPACE"),
        ("VLM_CPU_KVCACHE_SPACE", "backend.environment.VLLM_CPU_KVCACHE_SPACE"),
        ("VLLM_SOMETHING_ELSE_ENTIRELY", ""),
    ],
)
def test_a_misspelt_variable_of_the_engine_is_noticed(name: str, suggestion: str) -> None:
    (problem,) = check_environment([name], CATALOGUE)
    assert not problem.fatal
    assert problem.suggestion == suggestion


@pytest.mark.parametrize("name", ["VLLM_CPU_KVCACHE_SPACE", "OMP_NUM_THREADS", "UCX_TLS"])
def test_other_variables_pass(name: str) -> None:
    assert check_environment([name], CATALOGUE) == []


@pytest.mark.parametrize(
    "value", [4, 0.5, True, None, "float16", "a b", "5", "true", "it's", ["a.B"], {"k": ["v", 1]}]
)
def test_a_suggestion_can_be_pasted(value: Any) -> None:
    import shlex

    from omegaconf import OmegaConf

    (text,) = shlex.split(as_override("key", value))
    override = OverridesParser.create().parse_override(text)
    tree = OmegaConf.create({"key": override.value()})
    assert OmegaConf.to_container(tree) == {"key": value}
