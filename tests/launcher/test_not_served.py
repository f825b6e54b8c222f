"""What no worker does yet is planned and printed, but refused before anything starts."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.roles import ROLES
from dynamo.config.schema import (
    BackendConfig,
    Config,
    LoraConfig,
    MockerBackend,
    MultimodalConfig,
    RequestPlaneConfig,
    RoleConfig,
    RuntimeConfig,
    SglangBackend,
    StoreConfig,
    TrtllmBackend,
    VllmBackend,
)
from dynamo.launcher.cli import run_once
from dynamo.launcher.not_served import not_served_yet
from dynamo.launcher.planning import plan_launch
from dynamo.launcher.report import EXIT_BAD_INPUT
from dynamo.launcher.sweep import engine_only


def found(**sections: Any) -> list[tuple[str, str]]:
    config = Config(**{"backend": VllmBackend(), "store": StoreConfig("mem"), **sections})
    plan = plan_launch(config, Machine(gpus=1))
    return [(problem.path, problem.rule) for problem in not_served_yet(plan)]


def test_an_aggregated_worker_with_text_is_served() -> None:
    assert found() == []


@pytest.mark.parametrize("backend", [VllmBackend(), SglangBackend(), MockerBackend()])
def test_an_engine_that_can_be_driven_is_served(backend: BackendConfig) -> None:
    assert found(backend=backend) == []


def test_an_engine_that_cannot_be_driven_is_not() -> None:
    assert found(backend=TrtllmBackend()) == [("backend.name", "")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"embedding_worker": True}, ("backend.embedding_worker", "R98")),
        ({"rerank_worker": True}, ("backend.rerank_worker", "R98")),
        ({"gateway_workers": 2}, ("backend.gateway_workers", "")),
        ({"use_sglang_tokenizer": True}, ("backend.use_sglang_tokenizer", "R129")),
        ({"engine_routes": ["start_profile"]}, ("backend.engine_routes", "")),
        ({"enable_rl": True}, ("backend.enable_rl", "")),
    ],
)
def test_what_only_sglangs_own_worker_does_is_not(
    settings: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert found(backend=SglangBackend(**settings)) == [expected]


@pytest.mark.parametrize(
    ("rank", "expected"), [(0, []), (1, [("backend.engine.node_rank", "R105")])]
)
def test_r105_sglang_is_not_led_from_another_machine_yet(
    rank: int, expected: list[tuple[str, str]]
) -> None:
    engine = {"nnodes": 2, "node_rank": rank, "dist_init_addr": "node-0:5000", "tp_size": 2}
    assert found(backend=SglangBackend(engine=engine)) == expected


def test_r138_sglang_takes_no_adapters_yet() -> None:
    assert found(backend=SglangBackend(), lora=LoraConfig(enabled=True)) == [
        ("lora.enabled", "R138")
    ]


@pytest.mark.parametrize("role", ["prefill", "decode"])
def test_r154_sglang_hands_no_kv_cache_over_yet(role: str) -> None:
    assert found(backend=SglangBackend(), role=RoleConfig(role)) == [("role.name", "R154")]


@pytest.mark.parametrize("role", [name for name in ROLES if ROLES[name].runs_language_model])
def test_r95_roles_that_prefill_or_decode_are_served(role: str) -> None:
    assert found(role=RoleConfig(role)) == []


@pytest.mark.parametrize("role", [name for name in ROLES if not ROLES[name].runs_language_model])
def test_r95_roles_that_only_handle_media_are_not(role: str) -> None:
    assert found(role=RoleConfig(role)) == [("role.name", "R95")]


def test_r84_a_media_role_serves_text_and_says_so() -> None:
    config = Config(
        backend=VllmBackend(), store=StoreConfig("file"), role=RoleConfig("multimodal_worker"),
        multimodal=MultimodalConfig(enabled=True),
    )  # fmt: skip
    (problem,) = not_served_yet(plan_launch(config, Machine(gpus=1)))
    assert (problem.path, problem.fatal) == ("multimodal.enabled", False)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"multimodal": MultimodalConfig(enabled=True)}, ("multimodal.enabled", "R84")),
        ({"backend": VllmBackend(omni=True)}, ("backend.omni", "R94")),
        (
            {
                "lora": LoraConfig(enabled=True),
                "request_plane": RequestPlaneConfig("http"),
                "store": StoreConfig("file"),
            },
            ("lora.enabled", "R139"),
        ),
    ],
)
def test_each_thing_that_is_not_served_is_named(
    sections: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert found(**sections) == [expected]


def test_all_are_named_at_once() -> None:
    sections = {"role": RoleConfig("ec_processor"), "multimodal": MultimodalConfig(enabled=True)}
    assert [path for path, _ in found(**sections)] == ["role.name", "multimodal.enabled"]


def test_a_measurement_inside_the_process_needs_no_durable_events() -> None:
    config = Config(backend=VllmBackend(), runtime=RuntimeConfig(durable_kv_events=True))
    assert not_served_yet(engine_only(plan_launch(config, Machine(gpus=1)))) == []


ROLE = ["role=ec_processor", "multimodal=enabled", "frontend=none", "store=file"]


@pytest.mark.parametrize("action", ["serve", "bench"])
def test_the_actions_that_start_something_refuse_it_by_name(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_once([*ROLE, f"action={action}"]) == EXIT_BAD_INPUT
    report = capsys.readouterr().err
    assert "error: 2 problems found, nothing was started" in report
    assert "role.name = ec_processor  (" in report


@pytest.mark.parametrize("action", ["check", "plan", "command", "explain"])
def test_the_others_show_it(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_once([*ROLE, f"action={action}"]) == 0
    assert capsys.readouterr().err == ""
