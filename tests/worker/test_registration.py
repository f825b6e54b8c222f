"""What a plan says about its model arrives in the runtime's own objects."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.fields import FieldInfo, leaves
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan, RouterPlan
from dynamo.config.routing import router_plan
from dynamo.config.schema import (
    Config,
    FrontendConfig,
    MockerBackend,
    RoleConfig,
    RouterConfig,
    RuntimeConfig,
)
from dynamo.config.schema.service import ROUTER_MODES as KNOWN_MODES
from dynamo.engines.base import EngineInfo
from dynamo.launcher.planning import plan_launch

pytest.importorskip("dynamo._core")

from dynamo.llm import ModelType

from dynamo.worker.registration import (
    WORKER_TYPES,
    health_check_payload,
    model_type,
    runtime_config,
)
from dynamo.worker.routing import ROUTER_MODES, router_config

INFO = EngineInfo("1", 2048, 16, 100, 8, 512, 32000)


def plan(**runtime: Any) -> LaunchPlan:
    config = Config(backend=MockerBackend(), runtime=RuntimeConfig(**runtime))
    return plan_launch(config, Machine())


def test_r102_the_limits_of_the_engine_are_told() -> None:
    config = runtime_config(plan(), INFO)
    assert (config.context_length, config.total_kv_blocks) == (2048, 100)
    assert (config.max_num_seqs, config.max_num_batched_tokens) == (8, 512)


def test_r26_r27_parsers_and_the_local_indexer_are_told() -> None:
    config = runtime_config(
        plan(tool_call_parser="hermes", reasoning_parser="qwen3", durable_kv_events=True), INFO
    )
    assert (config.tool_call_parser, config.reasoning_parser) == ("hermes", "qwen3")
    assert not config.enable_local_indexer


@pytest.mark.parametrize(("bos", "token"), [(None, 1), (0, 0), (128000, 128000)])
def test_r195_the_canary_asks_for_one_token_after_the_beginning_of_a_text(
    bos: int | None, token: int
) -> None:
    canary = health_check_payload(plan(), replace(INFO, bos_token_id=bos))
    assert canary["token_ids"] == [token]
    assert canary["sampling_options"] == {"temperature": 0.0}
    assert canary["stop_conditions"]["max_tokens"] == 1
    assert canary["_HEALTH_CHECK"] is True


def test_r195_in_text_mode_the_canary_is_a_text() -> None:
    first = plan()
    text = replace(first, registration=replace(first.registration, model_input="text"))
    canary = health_check_payload(text, INFO)
    assert (canary["prompt"], canary["max_tokens"], canary["temperature"]) == ("Test", 1, 0.0)


def test_r195_a_canary_of_ones_own_replaces_it() -> None:
    first = plan()
    own = {"token_ids": [7]}
    chosen = replace(first, registration=replace(first.registration, canary_payload=own))
    assert health_check_payload(chosen, INFO) == own


def test_r133_a_model_that_takes_text_offers_chat_only() -> None:
    first = plan()
    text = replace(first, registration=replace(first.registration, model_input="text"))
    assert str(model_type(text)) == str(ModelType.Chat)
    assert str(model_type(first)) != str(ModelType.Chat)


def test_r102_routers_learn_which_ranks_a_worker_has() -> None:
    config = runtime_config(plan(), replace(INFO, data_parallel_start_rank=2, data_parallel_size=2))
    assert (config.data_parallel_start_rank, config.data_parallel_size) == (2, 2)


def test_how_prompts_are_made_is_told() -> None:
    chosen = plan(
        default_thinking_mode="disabled",
        exclude_tools_when_tool_choice_none=False,
        structural_tag={"scope": "always"},
        kv_state_endpoint="dynamo.agent.kv",
    )
    config = runtime_config(chosen, INFO)
    assert config.get_engine_specific("default_thinking_mode") == "disabled"
    assert config.exclude_tools_when_tool_choice_none is False
    assert config.structural_tag is not None
    assert config.structural_tag["scope"] == "always"
    assert config.kv_state_endpoint == "dynamo/agent/kv"  # as the runtime writes it


def test_unset_leaves_the_runtimes_defaults() -> None:
    config = runtime_config(plan(), INFO)
    assert config.get_engine_specific("default_thinking_mode") is None
    assert config.exclude_tools_when_tool_choice_none is True
    assert (config.structural_tag, config.kv_state_endpoint) == (None, None)


@pytest.mark.parametrize("role", ["aggregated", "prefill", "decode", "multimodal_encode_worker"])
def test_r103_every_type_of_worker_and_peer_is_known(role: str) -> None:
    built = plan_launch(Config(backend=MockerBackend(), role=RoleConfig(role)), Machine())
    peers = {name for group in built.registration.needs for name in group}
    assert {built.registration.worker_type, *peers} <= set(WORKER_TYPES)


def test_every_routing_mode_is_known() -> None:
    assert set(ROUTER_MODES) == set(KNOWN_MODES)


def test_no_wish_leaves_routing_to_the_frontend() -> None:
    assert router_config(None) is None


SAMPLES: dict[str, Any] = {
    "session_affinity_mode": "soft",
    "approximate_cache_policy": "ttl",
    "queue_policy": "lcfs",
    "shared_cache_type": "hicache",
    "active_prefill_tokens_threshold": 10,
    "session_affinity_ttl_seconds": 10,
    "event_threads": 2,
    "policy_config": "policies.yaml",
}


@pytest.mark.parametrize("field", list(leaves(RouterConfig)), ids=lambda field: str(field.name))
def test_the_runtime_takes_each_setting_under_the_name_it_is_given(
    field: FieldInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies.yaml").write_text("router: {}\n")
    value = SAMPLES.get(field.name, True if field.type is bool else 0.5)
    wanted = RouterConfig(**{field.name: value})
    frontend = FrontendConfig("none", router_mode="kv")
    built = router_plan(Config(backend=MockerBackend(), frontend=frontend, router=wanted))
    assert built is not None
    assert len({**built.settings, **built.kv_settings}) == 1
    assert router_config(built) is not None


@pytest.mark.parametrize(
    "broken",
    [
        RouterPlan("kv", {}, {"router_temperature": -1.0}),
        RouterPlan("kv", {"session_affinity_ttl_secs": 0}),
    ],
)
def test_the_runtime_checks_ranges_as_the_schema_does(broken: RouterPlan) -> None:
    with pytest.raises(ValueError, match=r"temperature|session_affinity"):
        router_config(broken)


def test_a_plan_with_another_router_is_another_plan() -> None:
    first = plan()
    other = replace(first.registration, router=RouterPlan("kv"))
    assert replace(first, registration=other) != first
