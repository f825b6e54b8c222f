"""From a configuration to the arguments of TensorRT-LLM's LLM class."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.schema import Config, MultimodalConfig, RuntimeConfig, TrtllmBackend
from dynamo.engines.catalogue import load
from dynamo.engines.trtllm.arguments import engine_plan
from dynamo.engines.trtllm.merging import differing, merged
from dynamo.launcher.planning import plan_launch

Build = Callable[..., Config]

CONF = Path(__file__).parents[3] / "conf"
GPU = Machine(gpus=8)
MEDIA = MultimodalConfig(enabled=True)
TRANSCEIVER = {"cache_transceiver_config": {"backend": "DEFAULT"}}


def arguments(config: Config) -> dict[str, Any]:
    return dict(engine_plan(config, GPU)[0].arguments)


def cache(config: Config) -> dict[str, Any]:
    return dict(arguments(config)["kv_cache_config"])


def compose(*overrides: str, **environ: str) -> Composition:
    return compose_config(["backend=trtllm", *overrides], environ, CONF)


def test_a_plain_worker_passes_what_dynamos_worker_passes(build: Build) -> None:
    assert arguments(build()) == {
        "model": "org/model",
        "scheduler_config": {
            "capacity_scheduler_policy": "GUARANTEED_NO_EVICT",
            "dynamic_batch_config": {
                "enable_batch_size_tuning": True,
                "enable_max_num_tokens_tuning": False,
                "dynamic_batch_moving_average_window": 128,
            },
        },
        "tensor_parallel_size": 1,
        "pipeline_parallel_size": 1,
        "enable_attention_dp": False,
        "kv_cache_config": {"free_gpu_memory_fraction": 0.9, "tokens_per_block": 32},
        "max_num_tokens": 8192,
        "max_beam_width": 1,
        "max_batch_size": 2048,
        "return_perf_metrics": False,
        "enable_iter_perf_stats": False,
        "load_format": "auto",
    }


def test_every_argument_that_is_passed_is_known(build: Build) -> None:
    full = build(
        connectors=("kvbm",),
        publish_events_and_metrics=True,
        expert_parallel_size=2,
        gpus_per_node=8,
        max_seq_len=4096,
        load_format="gms",
        guided_decoding_backend="xgrammar",
    )
    assert arguments(full).keys() <= load("trtllm").arguments.keys()


@pytest.mark.parametrize(
    ("backend", "name", "value"),
    [
        ({"tensor_parallel_size": 4}, "tensor_parallel_size", 4),
        ({"pipeline_parallel_size": 2}, "pipeline_parallel_size", 2),
        ({"expert_parallel_size": 4}, "moe_expert_parallel_size", 4),
        ({"enable_attention_dp": True}, "enable_attention_dp", True),
        ({"gpus_per_node": 8}, "gpus_per_node", 8),
        ({"max_batch_size": 64}, "max_batch_size", 64),
        ({"max_num_tokens": 4096}, "max_num_tokens", 4096),
        ({"max_seq_len": 2048}, "max_seq_len", 2048),
        ({"max_beam_width": 2}, "max_beam_width", 2),
        ({"guided_decoding_backend": "llguidance"}, "guided_decoding_backend", "llguidance"),
        ({"load_format": "gms"}, "sleep_config", {}),
    ],
)
def test_a_setting_reaches_the_engine_under_its_own_name(
    build: Build, backend: dict[str, Any], name: str, value: object
) -> None:
    assert arguments(build(**backend))[name] == value


def test_the_block_size_is_the_engines_and_the_routers(build: Build) -> None:
    config = build(kv_block_size=64, free_gpu_memory_fraction=0.5)
    assert cache(config) == {"free_gpu_memory_fraction": 0.5, "tokens_per_block": 64}
    assert plan_launch(config, GPU).backend_options["kv_block_size"] == 64


def test_r163_override_wins_over_engine_over_file_over_settings(
    build: Build, tmp_path: Path
) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text(
        "max_batch_size: 128\nmax_num_tokens: 4096\nmax_seq_len: 1024\n"
        "kv_cache_config:\n  free_gpu_memory_fraction: 0.7\n  enable_block_reuse: false\n"
    )
    config = build(
        {"max_num_tokens": 2048, "max_seq_len": 512},
        max_batch_size=256,
        extra_engine_args=str(file),
        override_engine_args={"max_seq_len": 256, "kv_cache_config": {"tokens_per_block": 16}},
    )
    given = arguments(config)
    assert given["max_batch_size"] == 128
    assert given["max_num_tokens"] == 2048
    assert given["max_seq_len"] == 256
    assert given["kv_cache_config"] == {
        "free_gpu_memory_fraction": 0.7,
        "tokens_per_block": 16,
        "enable_block_reuse": False,
    }


def test_r163_what_gives_way_is_said(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text("max_batch_size: 128\nkv_cache_config: {free_gpu_memory_fraction: 0.7}\n")
    _plan, notes = engine_plan(build(extra_engine_args=str(file), max_batch_size=256), GPU)
    assert [note.removesuffix(": backend.extra_engine_args says so (R163).") for note in notes] == [
        "kv_cache_config.free_gpu_memory_fraction is 0.7",
        "max_batch_size is 128",
    ]
    assert engine_plan(build(max_batch_size=256), GPU)[1] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"tensor_parallel_size": 2}', {"tensor_parallel_size": 2}),
        ('{"kv_cache_config": {"enable_block_reuse": false}}',
         {"kv_cache_config": {"enable_block_reuse": False}}),
        ("", {}),
    ],
)  # fmt: skip
def test_r163_the_override_is_json_in_a_variable(text: str, value: dict[str, Any]) -> None:
    composition = compose(DYN_TRTLLM_OVERRIDE_ENGINE_ARGS=text)
    assert composition.config is not None
    backend = cast(TrtllmBackend, composition.config.backend)
    assert backend.override_engine_args == value


@pytest.mark.parametrize("text", ["{tensor_parallel_size: 2", "[1]", "tensor_parallel_size=2"])
def test_r163_an_override_that_is_no_json_object_is_refused(text: str) -> None:
    (problem,) = compose(DYN_TRTLLM_OVERRIDE_ENGINE_ARGS=text).problems
    assert (problem.path, problem.fatal) == ("DYN_TRTLLM_OVERRIDE_ENGINE_ARGS", True)


def test_r164_kvbm_installs_its_classes_and_turns_partial_reuse_off(build: Build) -> None:
    config = build(connectors=("kvbm",))
    assert arguments(config)["kv_connector_config"] == {
        "connector_module": "kvbm.trtllm_integration.connector",
        "connector_scheduler_class": "DynamoKVBMConnectorLeader",
        "connector_worker_class": "DynamoKVBMConnectorWorker",
    }
    assert cache(config)["enable_partial_reuse"] is False


@pytest.mark.parametrize("connectors", [(), ("nixl",)])
def test_r164_any_other_connector_is_none(build: Build, connectors: tuple[str, ...]) -> None:
    config = build(connectors=connectors)
    assert "kv_connector_config" not in arguments(config)
    assert "enable_partial_reuse" not in cache(config)


@pytest.mark.parametrize(
    ("backend", "events", "metrics"),
    [
        ({}, False, False),
        ({"publish_events_and_metrics": True}, True, True),
        ({"publish_kv_events": True}, True, False),
        ({"publish_metrics": True}, False, True),
        ({"publish_events_and_metrics": True, "publish_kv_events": False}, False, True),
        ({"publish_events_and_metrics": True, "publish_metrics": False}, True, False),
    ],
)
def test_r162_kv_events_and_metrics_are_published_as_wanted(
    build: Build, backend: dict[str, Any], events: bool, metrics: bool
) -> None:
    config = build(**backend)
    plan = plan_launch(config, GPU)
    assert plan.registration.use_kv_events is events
    assert cache(config).get("event_buffer_max_size") == (100_000 if events else None)
    assert plan.engine.arguments["enable_iter_perf_stats"] is metrics
    assert plan.backend_options["publish_metrics"] is metrics


def test_r162_the_runtime_gets_store_planes_and_events() -> None:
    composition = compose(
        "deployment=cluster", "connector=none", "store=file", "request_plane=nats",
        "event_plane=zmq", "backend.publish_kv_events=true",
    )  # fmt: skip
    assert composition.config is not None
    plan = plan_launch(composition.config, GPU)
    planes = (plan.runtime.store, plan.runtime.request_plane, plan.runtime.event_plane)
    assert planes == ("file", "nats", "zmq")
    assert plan.registration.use_kv_events


def test_an_event_buffer_of_the_users_is_kept(build: Build) -> None:
    engine = {"kv_cache_config": {"event_buffer_max_size": 512}}
    assert cache(build(engine, publish_kv_events=True))["event_buffer_max_size"] == 512


def test_an_engine_that_publishes_by_itself_is_not_polled(build: Build) -> None:
    engine = {"kv_cache_config": {"kv_events_config": {"publisher": "zmq"}}}
    plan, _notes = engine_plan(build(engine, publish_kv_events=True), GPU)
    assert "event_buffer_max_size" not in plan.arguments["kv_cache_config"]
    assert plan.environment["TLLM_KV_CACHE_MANAGER_V2_BACKEND"] == "python"


def test_what_the_worker_does_itself_is_not_passed_on(build: Build) -> None:
    given = arguments(build({"backend": "pytorch", "num_postprocess_workers": 4}))
    assert given.keys().isdisjoint({"backend", "num_postprocess_workers"})


@pytest.mark.parametrize(
    ("role", "modality", "component"),
    [
        ("aggregated", "text", "backend"),
        ("decode", "text", "backend"),
        ("prefill", "text", "prefill"),
        ("multimodal_encode_worker", "text", "encode"),
        ("aggregated", "video_diffusion", "diffusion"),
        ("aggregated", "Image_Diffusion", "diffusion"),
    ],
)
def test_r98_role_and_modality_decide_the_component(
    build: Build, role: str, modality: str, component: str
) -> None:
    plan = plan_launch(build(TRANSCEIVER, role=role, modality=modality), GPU)
    assert plan.endpoint.path == f"dynamo.{component}.generate"


def test_r99_an_explicit_endpoint_replaces_the_derived_names(build: Build) -> None:
    config = build(runtime=RuntimeConfig(endpoint="dynamo.tensorrt_llm.generate"))
    assert plan_launch(config, GPU).endpoint.path == "dynamo.tensorrt_llm.generate"


@pytest.mark.parametrize(
    ("words", "role"),
    [("agg", "aggregated"), ("pd", "aggregated"), ("prefill_and_decode", "aggregated"),
     ("prefill", "prefill"), ("decode", "decode"), ("encode", "multimodal_encode_worker")],
)  # fmt: skip
def test_a_disaggregation_mode_of_any_version_chooses_the_role(words: str, role: str) -> None:
    composition = compose(DYN_TRTLLM_DISAGGREGATION_MODE=words)
    assert composition.values["role.name"] == role


def test_media_settings_concern_multimodal_workers(build: Build) -> None:
    options = plan_launch(build(media=MEDIA, max_file_size_mb=10), GPU).backend_options
    assert (options["modality"], options["max_file_size_mb"]) == ("multimodal", 10)
    assert "max_file_size_mb" not in plan_launch(build(), GPU).backend_options


def test_a_diffusion_worker_has_its_own_settings(build: Build) -> None:
    config = build(modality="video_diffusion")
    plan = plan_launch(config, GPU)
    assert plan.engine.arguments == {"model": "org/model"}
    assert plan.registration.endpoint_types == ("videos",)
    diffusion = plan.backend_options["diffusion"]
    assert (diffusion["default_height"], diffusion["attn_backend"]) == (480, "VANILLA")


def test_choices_reach_the_engine_in_its_own_spelling() -> None:
    composition = compose(
        "backend.modality=image_diffusion",
        DYN_TRTLLM_QUANT_ALGO="nvfp4",
        DYN_TRTLLM_ATTN_BACKEND="trtllm",
    )
    assert composition.config is not None
    diffusion = plan_launch(composition.config, GPU).backend_options["diffusion"]
    assert (diffusion["quant_algo"], diffusion["attn_backend"]) == ("NVFP4", "TRTLLM")


def test_merging_changes_neither_side() -> None:
    weak: dict[str, Any] = {"a": {"b": 1, "c": 2}, "d": [1]}
    strong = {"a": {"b": 3}, "d": [2], "e": {"f": 4}}
    before = json.dumps([weak, strong])
    assert merged(weak, strong) == {"a": {"b": 3, "c": 2}, "d": [2], "e": {"f": 4}}
    assert json.dumps([weak, strong]) == before
    assert sorted(differing(weak, strong)) == [("a.b", 1, 3), ("d", [1], [2])]
