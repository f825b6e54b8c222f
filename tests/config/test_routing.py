"""What a worker asks for when it registers its model, and what would have no effect."""

from typing import Any

import pytest

from dynamo.config.fields import leaves
from dynamo.config.plan import RouterPlan
from dynamo.config.routing import KV_ARGUMENTS, ROUTER_ARGUMENTS, router_plan
from dynamo.config.rules import check_rules
from dynamo.config.schema import Config, FrontendConfig, RouterConfig, StoreConfig, VllmBackend


def config(kind: str, mode: str | None = None, **router: Any) -> Config:
    return Config(
        backend=VllmBackend(),
        store=StoreConfig("file"),
        frontend=FrontendConfig(kind, router_mode=mode),
        router=RouterConfig(**router),
    )


def test_every_setting_reaches_the_runtime_under_one_name() -> None:
    settings = {field.name for field in leaves(RouterConfig)}
    assert settings == {*ROUTER_ARGUMENTS, *KV_ARGUMENTS}
    names = [*ROUTER_ARGUMENTS.values(), *KV_ARGUMENTS.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", ["embedded", "none"])
def test_without_any_choice_the_frontend_decides(kind: str) -> None:
    assert router_plan(config(kind)) is None


def test_a_mode_is_asked_for_where_the_frontend_is_elsewhere() -> None:
    assert router_plan(config("none", "kv")) == RouterPlan("kv")
    assert router_plan(config("none")) is None


def test_workers_of_one_model_ask_for_a_mode_in_the_same_words() -> None:
    assert router_plan(config("embedded", "kv")) == router_plan(config("none", "kv"))


def test_settings_go_with_the_mode() -> None:
    chosen = config("none", "kv", temperature=0.5, session_affinity_ttl_seconds=60)
    assert router_plan(chosen) == RouterPlan(
        "kv", {"session_affinity_ttl_secs": 60}, {"router_temperature": 0.5}
    )
    embedded = config("embedded", active_decode_blocks_threshold=0.9)
    assert router_plan(embedded) == RouterPlan(
        "round-robin", {"active_decode_blocks_threshold": 0.9}
    )


@pytest.mark.parametrize(
    ("chosen", "paths"),
    [
        (config("none", temperature=1.0), ["router.temperature"]),
        (config("none", "kv", temperature=1.0), []),
        (config("none", "random", temperature=1.0), ["router.temperature"]),
        (config("embedded", temperature=1.0), ["router.temperature"]),
        (config("none", "random", session_affinity_mode="soft"), []),
        (config("none", session_affinity_mode="soft"), ["router.session_affinity_mode"]),
    ],
)
def test_what_has_no_effect_is_noticed(chosen: Config, paths: list[str]) -> None:
    problems = check_rules(chosen)
    assert [problem.path for problem in problems] == paths
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize(
    ("router", "path"),
    [
        ({"approximate_cache_policy": "lru"}, "router.approximate_cache_policy"),
        ({"approximate_cache_policy": "lru", "use_kv_events": False}, ""),
        ({"approximate_cache_policy": "ttl"}, ""),
        ({"track_output_blocks": True, "track_active_blocks": False}, "router.track_output_blocks"),
        ({"track_output_blocks": True}, ""),
        (
            {"predicted_ttl_seconds": 5.0, "use_kv_events": False},
            "router.predicted_ttl_seconds",
        ),
        ({"predicted_ttl_seconds": 5.0}, ""),
        ({"policy_config": "/nowhere.yaml"}, "router.policy_config"),
        ({"policy_config": __file__}, ""),
    ],
)
def test_what_the_runtime_would_refuse_is_refused(router: dict[str, Any], path: str) -> None:
    problems = check_rules(config("none", "kv", **router))
    assert [problem.path for problem in problems if problem.fatal] == ([path] if path else [])
