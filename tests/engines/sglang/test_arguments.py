"""From a configuration to SGLang's own arguments, and what that means for the worker."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, ModelConfig, MultimodalConfig, RuntimeConfig
from dynamo.engines.catalogue import load
from dynamo.engines.sglang.arguments import engine_plan
from dynamo.engines.sglang.planning import traits
from dynamo.launcher.planning import plan_launch

Build = Callable[..., Config]

GPU = Machine(gpus=1)
CPU = Machine(gpus=0, cpu_bf16=False)
MEDIA = MultimodalConfig(enabled=True)


def arguments(config: Config, machine: Machine = GPU) -> dict[str, Any]:
    return dict(engine_plan(config, machine)[0].arguments)


def notes(config: Config, machine: Machine = GPU) -> str:
    return "\n".join(engine_plan(config, machine)[1])


def test_a_plain_worker_passes_model_and_what_the_worker_relies_on(build: Build) -> None:
    assert arguments(build({"tp_size": 2})) == {
        "model_path": "org/model",
        "served_model_name": "org/model",
        "tp_size": 2,
        "enable_metrics": True,
        "incremental_streaming_output": True,
        "skip_tokenizer_init": True,
    }


def test_r46_the_served_name_reaches_the_engine(build: Build) -> None:
    config = build(model=ModelConfig("/models/llama", served_name="llama"))
    assert arguments(config)["served_model_name"] == "llama"


@pytest.mark.parametrize(("own", "skipped"), [(True, False), (False, True)])
def test_r151_the_tokenizer_switch_controls_skip_tokenizer_init(
    build: Build, own: bool, skipped: bool
) -> None:
    config = build(use_sglang_tokenizer=own)
    assert arguments(config)["skip_tokenizer_init"] is skipped
    assert "(R151)" in notes(config)
    assert traits(config, {}).model_input == ("text" if own else "tokens")


@pytest.mark.parametrize("version", ["0.5.20", "0.5.15.post1"])
def test_r152_streaming_of_new_tokens_is_on_in_every_version(build: Build, version: str) -> None:
    given = arguments(build(version=version))
    assert given["incremental_streaming_output"] is True
    assert given.keys() <= load("sglang", version).arguments.keys()


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ({"embedding_worker": True}, {"is_embedding": True}),
        (
            {"rerank_worker": True},
            {"is_embedding": True, "disable_radix_cache": True, "chunked_prefill_size": -1},
        ),
        ({"gateway_workers": 4}, {"tokenizer_worker_num": 4}),
    ],
)
def test_r156_a_kind_of_worker_sets_what_it_needs(
    build: Build, backend: dict[str, Any], expected: dict[str, Any]
) -> None:
    given, plain = arguments(build(**backend)), arguments(build())
    assert {name: value for name, value in given.items() if name not in plain} == expected


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("embedding_worker", ("embeddings",)),
        ("rerank_worker", ("rerank",)),
        ("image_diffusion_worker", ("images",)),
        ("video_generation_worker", ("videos",)),
    ],
)
def test_r156_a_kind_of_worker_registers_what_it_serves(
    build: Build, kind: str, types: tuple[str, ...]
) -> None:
    plan = plan_launch(build(**{kind: True}), GPU)
    assert plan.registration.endpoint_types == types
    assert plan.backend_options["kind"] == kind
    plain = plan_launch(build(), GPU)
    assert plain.registration.endpoint_types == ("chat", "completions")
    assert plain.backend_options["kind"] == "generation"


def test_r155_an_image_worker_knows_where_images_are_stored_and_published(build: Build) -> None:
    config = build(image_diffusion_worker=True, image_diffusion_fs_url="s3://bucket/images")
    options = plan_launch(config, GPU).backend_options
    assert options["image_diffusion_fs_url"] == "s3://bucket/images"
    assert options["image_diffusion_base_url"] == "http://localhost:8008/"
    assert "image_diffusion_base_url" not in plan_launch(build(), GPU).backend_options


@pytest.mark.parametrize(
    ("role", "backend", "component"),
    [
        ("aggregated", {}, "backend"),
        ("decode", {}, "backend"),
        ("prefill", {}, "prefill"),
        ("multimodal_prefill_worker", {}, "prefill"),
        ("multimodal_worker", {}, "backend"),
        ("multimodal_decode_worker", {}, "backend"),
        ("multimodal_processor", {}, "processor"),
        ("multimodal_encode_worker", {}, "encoder"),
        ("aggregated", {"embedding_worker": True}, "backend"),
        ("aggregated", {"image_diffusion_worker": True}, "backend"),
        ("aggregated", {"video_generation_worker": True}, "backend"),
        ("aggregated", {"rerank_worker": True}, "rerank"),
    ],
)
def test_r98_role_and_kind_decide_the_component(
    build: Build, role: str, backend: dict[str, Any], component: str
) -> None:
    config = build(role=role, media=MEDIA, **backend)
    assert plan_launch(config, GPU).endpoint.path == f"dynamo.{component}.generate"


def test_r99_an_explicit_endpoint_replaces_the_derived_names(build: Build) -> None:
    config = build(role="prefill", runtime=RuntimeConfig(endpoint="dyn://a.b.c"))
    assert plan_launch(config, GPU).endpoint.path == "a.b.c"


@pytest.mark.parametrize(
    ("role", "connectors", "expected"),
    [
        ("aggregated", (), {}),
        ("aggregated", ("nixl",), {}),
        ("prefill", (), {"disaggregation_mode": "prefill"}),
        (
            "prefill",
            ("nixl",),
            {"disaggregation_mode": "prefill", "disaggregation_transfer_backend": "nixl"},
        ),
        (
            "decode",
            ("mooncake",),
            {"disaggregation_mode": "decode", "disaggregation_transfer_backend": "mooncake"},
        ),
        ("decode", ("lmcache",), {"disaggregation_mode": "decode"}),
    ],
)
def test_a_half_of_inference_and_its_connector_reach_sglang_in_its_own_words(
    build: Build, role: str, connectors: tuple[str, ...], expected: dict[str, Any]
) -> None:
    given, plain = arguments(build(role=role, connectors=connectors)), arguments(build())
    assert {name: value for name, value in given.items() if name not in plain} == expected


def test_a_chosen_transfer_backend_is_kept(build: Build) -> None:
    engine = {"disaggregation_transfer_backend": "mori"}
    given = arguments(build(engine, role="prefill", connectors=("nixl",)))
    assert given["disaggregation_transfer_backend"] == "mori"


@pytest.mark.parametrize(
    ("role", "engine", "reserved"),
    [
        ("prefill", {}, True),
        ("prefill", {"disaggregation_bootstrap_port": 9000}, False),
        ("decode", {}, False),
        ("aggregated", {}, False),
    ],
)
def test_r154_only_a_prefill_worker_without_a_port_reserves_one(
    build: Build, role: str, engine: dict[str, Any], reserved: bool
) -> None:
    config = build(engine, role=role)
    assert ("(R154)" in notes(config)) is reserved
    port = engine.get("disaggregation_bootstrap_port")
    assert arguments(config).get("disaggregation_bootstrap_port") == port


def test_media_is_switched_on_in_the_engine(build: Build) -> None:
    assert arguments(build(media=MEDIA))["enable_multimodal"] is True
    encode = arguments(build(media=MEDIA, role="multimodal_encode_worker"))
    assert encode["encoder_only"] is True
    assert "enable_multimodal" not in arguments(build())


@pytest.mark.parametrize(
    ("text", "in_use"),
    [
        ({"publisher": "zmq", "endpoint": "tcp://*:5557"}, True),
        ('{"publisher": "zmq"}', True),
        ('{"publisher": "null"}', False),
        ('{"endpoint": "tcp://*:5557"}', False),
        ({"publisher": None}, False),
        ("{publisher: zmq", False),
        ("[1]", False),
        (None, False),
    ],
)
def test_r80_kv_events_are_in_use_when_a_publisher_is_named(
    build: Build, text: Any, in_use: bool
) -> None:
    engine = {} if text is None else {"kv_events_config": text}
    assert plan_launch(build(engine), GPU).registration.use_kv_events is in_use


def test_r80_a_mapping_becomes_the_json_that_sglang_reads(build: Build) -> None:
    events = {"publisher": "zmq", "endpoint": "tcp://*:5557"}
    text = arguments(build({"kv_events_config": events}))["kv_events_config"]
    assert json.loads(text) == events


def test_sizes_become_numbers(build: Build) -> None:
    given = arguments(build({"context_length": "4Ki", "max_total_tokens": "16k"}))
    assert (given["context_length"], given["max_total_tokens"]) == (4096, 16_000)


@pytest.mark.parametrize(
    ("runtime", "engine", "registered"),
    [
        (RuntimeConfig(), {"tool_call_parser": "hermes"}, "hermes"),
        (RuntimeConfig(tool_call_parser="mistral"), {"tool_call_parser": "hermes"}, "mistral"),
        (RuntimeConfig(tool_call_parser="mistral"), {}, "mistral"),
        (RuntimeConfig(), {}, None),
    ],
)
def test_r153_dynamos_parser_wins_and_sglangs_is_used_alone(
    build: Build, runtime: RuntimeConfig, engine: dict[str, Any], registered: str | None
) -> None:
    plan = plan_launch(build(engine, runtime=runtime), GPU)
    assert plan.registration.tool_call_parser == registered


@pytest.mark.parametrize(("durable", "indexed"), [(False, True), (True, False)])
def test_r157_durable_events_switch_the_local_indexer_off(
    build: Build, durable: bool, indexed: bool
) -> None:
    plan = plan_launch(build(runtime=RuntimeConfig(durable_kv_events=durable)), GPU)
    assert plan.registration.enable_local_indexer is indexed


def test_a_cpu_gets_what_sglang_needs_there(build: Build) -> None:
    plan, _notes = engine_plan(build(), CPU)
    assert plan.device == "cpu"
    needed = {"SGLANG_USE_CPU_ENGINE": "1", "TRITON_INTERPRET": "1", "TORCH_COMPILE_DISABLE": "1"}
    assert needed.items() <= plan.environment.items()
    wanted = {"device": "cpu", "attention_backend": "torch_native", "dtype": "float32"}
    assert wanted.items() <= plan.arguments.items()
    assert "dtype" not in arguments(build(), Machine(cpu_bf16=True))
    assert "device" not in arguments(build(), GPU)


def test_a_cpu_is_neither_filled_nor_kept_busy_for_nothing(build: Build) -> None:
    plan, notes = engine_plan(build(), CPU)
    assert (plan.arguments["max_total_tokens"], plan.arguments["sleep_on_idle"]) == (65536, True)
    assert any("backend.engine.max_total_tokens is 65536" in note for note in notes)
    assert not {"max_total_tokens", "sleep_on_idle"} & arguments(build(), GPU).keys()


def test_the_trace_level_matters_with_traces_only(build: Build) -> None:
    traced = engine_plan(build({"enable_trace": True}, sglang_trace_level=3), GPU)[0]
    assert traced.environment == {"SGLANG_TRACE_LEVEL": "3"}
    assert engine_plan(build(sglang_trace_level=3), GPU)[0].environment == {}


def test_the_users_variables_win(build: Build) -> None:
    plan, _notes = engine_plan(build(environment={"TRITON_INTERPRET": "0"}), CPU)
    assert plan.environment["TRITON_INTERPRET"] == "0"


def test_a_version_without_catalogue_is_said(build: Build) -> None:
    assert "SGLang 0.5.18" in notes(build(version="0.5.18"))
    assert "catalogue" not in notes(build())
