"""What does not go together is refused before the start, with what to write instead."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, ModelConfig, MultimodalConfig, RuntimeConfig
from dynamo.engines.sglang.planning import check

Build = Callable[..., Config]

GPU = Machine(gpus=1)
MEDIA = MultimodalConfig(enabled=True)


def only(config: Config) -> Problem:
    (problem,) = check(config, GPU)
    return problem


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"engine": {"tp_size": 2, "page_size": 16, "mem_fraction_static": 0.8}},
        {"engine": {"model_path": "org/model", "served_model_name": "org/model"}},
        {"role": "prefill", "connectors": ("nixl",)},
        {"role": "decode", "engine": {"disaggregation_mode": "decode"}},
        {"engine": {"disaggregation_mode": "null"}},
        {"engine": {"skip_tokenizer_init": True, "incremental_streaming_output": True}},
        {"use_sglang_tokenizer": True, "runtime": RuntimeConfig(endpoint_types=["chat"])},
        {"embedding_worker": True, "engine": {"is_embedding": True}},
        {"image_diffusion_worker": True, "image_diffusion_fs_url": "file:///srv/images"},
        {"gateway_workers": 4, "engine": {"tokenizer_worker_num": 4}},
        {"dedicated_mm_encoder": True, "media": MEDIA},
        {"media": MEDIA, "role": "multimodal_worker"},
        {"engine_routes": ["flush", "a/b=flush_cache:tm", "c:engine"]},
        {"engine": {"kv_events_config": {"publisher": "zmq"}}, "router_mode": "kv"},
        {"engine": {"tool_call_parser": "hermes"}},
    ],
)
def test_what_goes_together_passes(build: Build, given: dict[str, Any]) -> None:
    assert check(build(**given), GPU) == []


@pytest.mark.parametrize(
    ("engine", "suggestion"),
    [
        ({"model_path": "org/other"}, "model.path=org/other"),
        ({"served_model_name": "llama"}, "model.served_name=llama"),
    ],
)
def test_r46_the_model_is_named_in_one_place(
    build: Build, engine: dict[str, Any], suggestion: str
) -> None:
    problem = only(build(engine))
    assert (problem.rule, problem.suggestion) == ("R46", suggestion)


def test_r46_the_name_may_be_repeated(build: Build) -> None:
    model = ModelConfig("org/model", served_name="llama")
    assert check(build({"served_model_name": "llama"}, model=model), GPU) == []


@pytest.mark.parametrize(
    ("role", "mode", "suggestion"),
    [
        ("aggregated", "prefill", "role=prefill"),
        ("prefill", "decode", "role=decode"),
        ("decode", "null", "role=aggregated"),
    ],
)
def test_r98_a_mode_that_contradicts_the_role_is_refused(
    build: Build, role: str, mode: str, suggestion: str
) -> None:
    problem = only(build({"disaggregation_mode": mode}, role=role))
    assert (problem.rule, problem.suggestion) == ("R98", suggestion)


@pytest.mark.parametrize(
    ("given", "rule", "suggestion"),
    [
        (
            {"engine": {"skip_tokenizer_init": False}},
            "R151",
            "backend.engine.skip_tokenizer_init=true",
        ),
        (
            {"engine": {"incremental_streaming_output": False}},
            "R152",
            "backend.engine.incremental_streaming_output=true",
        ),
        (
            {"embedding_worker": True, "engine": {"is_embedding": False}},
            "R156",
            "backend.engine.is_embedding=true",
        ),
        (
            {"rerank_worker": True, "engine": {"chunked_prefill_size": 8192}},
            "",
            "backend.engine.chunked_prefill_size=-1",
        ),
    ],
)
def test_r151_r152_r156_what_the_worker_relies_on_is_refused_not_overwritten(
    build: Build, given: dict[str, Any], rule: str, suggestion: str
) -> None:
    problem = only(build(**given))
    assert (problem.rule, problem.suggestion, problem.fatal) == (rule, suggestion, True)


def test_r150_a_template_and_sglangs_tokenizer_exclude_each_other(build: Build) -> None:
    runtime = RuntimeConfig(custom_jinja_template="chat.jinja", endpoint_types=["chat"])
    problem = only(build(use_sglang_tokenizer=True, runtime=runtime))
    assert (problem.path, problem.rule) == ("runtime.custom_jinja_template", "R150")
    assert problem.fatal
    assert problem.suggestion == "backend.engine.chat_template=chat.jinja"
    assert check(build(runtime=runtime), GPU) == []


def test_r133_text_mode_serves_chat_alone(build: Build) -> None:
    problem = only(build(use_sglang_tokenizer=True))
    assert (problem.rule, problem.fatal) == ("R133", False)


@pytest.mark.parametrize(
    ("runtime", "engine", "fatal"),
    [
        (RuntimeConfig(tool_call_parser="hermes"), {"tool_call_parser": "mistral"}, False),
        (RuntimeConfig(reasoning_parser="basic"), {"reasoning_parser": "qwen3"}, False),
        (RuntimeConfig(), {"tool_call_parser": "poolside_v1"}, True),
        (RuntimeConfig(), {"reasoning_parser": "deepseek-r1"}, True),
    ],
)
def test_r153_two_parsers_are_noticed_and_one_that_dynamo_does_not_know_is_refused(
    build: Build, runtime: RuntimeConfig, engine: dict[str, Any], fatal: bool
) -> None:
    problem = only(build(engine, runtime=runtime))
    assert (problem.rule, problem.fatal) == ("R153", fatal)


def test_r153_a_parser_is_suggested_in_dynamos_spelling(build: Build) -> None:
    problem = only(build({"reasoning_parser": "deepseek-r1"}))
    assert problem.suggestion == "runtime.reasoning_parser=deepseek_r1"


@pytest.mark.parametrize("text", ["{publisher: zmq", "zmq", "[1]"])
def test_r80_a_text_that_is_no_json_object_is_noticed(build: Build, text: str) -> None:
    problem = only(build({"kv_events_config": text}))
    assert (problem.rule, problem.fatal) == ("R80", False)


@pytest.mark.parametrize("engine", [{}, {"kv_events_config": '{"publisher": "null"}'}])
def test_r80_a_router_by_prefixes_without_events_is_noticed(
    build: Build, engine: dict[str, Any]
) -> None:
    problem = only(build(engine, router_mode="kv"))
    assert (problem.rule, problem.fatal) == ("R80", False)
    assert problem.suggestion == "backend.engine.kv_events_config.publisher=zmq"


@pytest.mark.parametrize(("connectors", "named"), [(("kvbm",), "kvbm"), (("nixl", "kvbm"), "kvbm")])
def test_a_connector_that_sglang_does_not_have_is_noticed(
    build: Build, connectors: tuple[str, ...], named: str
) -> None:
    problem = only(build(role="prefill", connectors=connectors))
    assert (problem.path, problem.value, problem.fatal) == ("connector", named, False)


def test_priorities_are_higher_first(build: Build) -> None:
    problem = only(build({"schedule_low_priority_values_first": True}))
    assert problem.fatal
    assert check(build({"schedule_low_priority_values_first": False}), GPU) == []


@pytest.mark.parametrize(
    ("given", "path", "rule"),
    [
        (
            {"embedding_worker": True, "rerank_worker": True},
            "backend.rerank_worker",
            "R98",
        ),
        ({"embedding_worker": True, "role": "prefill"}, "role.name", "R98"),
        ({"role": "ec_processor", "media": MEDIA}, "role.name", "R98"),
        ({"image_diffusion_worker": True}, "backend.image_diffusion_fs_url", "R155"),
        (
            {"image_diffusion_worker": True, "image_diffusion_fs_url": "/srv/images"},
            "backend.image_diffusion_fs_url",
            "R155",
        ),
        (
            {"image_diffusion_base_url": "localhost:8008"},
            "backend.image_diffusion_base_url",
            "R155",
        ),
        (
            {"rerank_worker": True, "engine": {"dllm_algorithm": "x"}},
            "backend.engine.dllm_algorithm",
            "",
        ),
        ({"dedicated_mm_encoder": True}, "backend.dedicated_mm_encoder", ""),
        (
            {"dedicated_mm_encoder": True, "media": MEDIA, "role": "multimodal_encode_worker"},
            "backend.dedicated_mm_encoder",
            "",
        ),
        (
            {
                "dedicated_mm_encoder": True,
                "media": MultimodalConfig(enabled=True, frontend_decoding=True),
            },
            "backend.dedicated_mm_encoder",
            "",
        ),
        (
            {"gateway_workers": 4, "engine": {"tokenizer_worker_num": 2}},
            "backend.engine.tokenizer_worker_num",
            "",
        ),
        ({"gateway_workers": 2, "engine": {"enable_lora": True}}, "backend.gateway_workers", ""),
        ({"engine_routes": ["a=b=c"]}, "backend.engine_routes", ""),
        ({"engine_routes": ["flush:worker"]}, "backend.engine_routes", ""),
    ],
)
def test_r98_r155_kinds_of_worker_that_contradict_themselves_are_refused(
    build: Build, given: dict[str, Any], path: str, rule: str
) -> None:
    problem = only(build(**given))
    assert (problem.path, problem.rule, problem.fatal) == (path, rule, True)


def test_r155_a_store_without_an_image_worker_is_noticed(build: Build) -> None:
    problem = only(build(image_diffusion_fs_url="file:///srv/images"))
    assert (problem.rule, problem.fatal) == ("R155", False)


def test_all_problems_are_reported_at_once(build: Build) -> None:
    config = build({"tp_sise": 2, "skip_tokenizer_init": False}, image_diffusion_worker=True)
    assert [problem.path for problem in check(config, GPU)] == [
        "backend.engine.tp_sise",
        "backend.engine.skip_tokenizer_init",
        "backend.image_diffusion_fs_url",
    ]


def test_a_version_without_catalogue_is_not_refused_what_it_may_know(build: Build) -> None:
    assert only(build({"brand_new": 1}, version="0.5.21")).fatal is False
    assert only(build({"brand_new": 1}, version="0.5.20")).fatal is True
