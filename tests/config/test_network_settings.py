"""Network, logging, LoRA, sampling and global router through the whole composition."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.compose import Composition
from dynamo.config.environment import read_environment
from dynamo.config.native_environment import native_environment
from dynamo.config.schema_index import schema_index
from dynamo.config.values import check_limits

Compose = Callable[..., Composition]
EXPORTED = {
    name: field
    for field in schema_index().fields.values()
    if field.setting.exported and not field.setting.selects
    for name in field.setting.env
}


def test_r4_file_environment_and_command_line_together(compose: Compose, tmp_path: Path) -> None:
    (tmp_path / "preset").mkdir()
    (tmp_path / "preset" / "fleet.yaml").write_text(
        "# @package _global_\n# A fleet.\n"
        "request_plane:\n  tcp_pool_size: 1\n  tcp_connect_timeout_seconds: 1\n"
        "  tcp_request_timeout_seconds: 1\n"
    )
    composition = compose(
        f"hydra.searchpath=[file://{tmp_path}]",
        "preset=fleet",
        "request_plane.tcp_request_timeout_seconds=3",
        DYN_TCP_CONNECT_TIMEOUT="2",
        DYN_TCP_REQUEST_TIMEOUT="2",
    )
    assert composition.config is not None, composition.problems
    environment = native_environment(composition.config)
    names = ("DYN_TCP_POOL_SIZE", "DYN_TCP_CONNECT_TIMEOUT", "DYN_TCP_REQUEST_TIMEOUT")
    assert [environment[name] for name in names] == ["1", "2", "3"]


def test_r174_a_variable_overruled_on_the_command_line_is_left_out(compose: Compose) -> None:
    composition = compose("request_plane.tcp_pool_size=null", DYN_TCP_POOL_SIZE="8")
    assert composition.config is not None
    assert "DYN_TCP_POOL_SIZE" not in native_environment(composition.config)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DYN_TCP_RPC_PORT", "abc"),
        ("DYN_TCP_RPC_PORT", "70000"),
        ("DYN_NATS_REQUEST_TIMEOUT_SECS", "x"),
        ("DYN_TCP_CONNECT_TIMEOUT", "1.5"),
        ("DYN_TCP_POOL_SIZE", "-1"),
        ("DYN_HEALTH_CHECK_ENABLED", "perhaps"),
        ("DYN_SYSTEM_PORT", "32768"),
        ("DYN_SYSTEM_STARTING_HEALTH_STATUS", "sleepy"),
        ("DYN_RUNTIME_NUM_WORKER_THREADS", "0"),
        ("DYN_LORA_ALLOCATION_EMA_ALPHA", "nan"),
        ("DYN_LORA_ALLOCATION_EMA_ALPHA", "1" + "0" * 400),
        ("DYN_LORA_MCF_CONFIG", "{"),
        ("DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS", "0"),
        ("DYN_RESPONSE_PLANE", "udp"),
        ("DYN_QUIC_RESPONSE_BUFFER_CAPACITY", "65537"),
    ],
    ids=lambda text: text[:40],
)
def test_r173_what_the_runtime_would_ignore_or_refuse_is_an_error_here(
    name: str, text: str
) -> None:
    found = read_environment({name: text}, [EXPORTED[name]])
    values = [assignment.value for assignment in found.assignments]
    problems = [*found.problems, *(p for v in values for p in check_limits(v, EXPORTED[name]))]
    (problem,) = problems
    assert problem.fatal
    assert problem.path in (name, EXPORTED[name].path)


@given(st.sampled_from(sorted(EXPORTED)), st.text())
def test_no_text_of_a_variable_raises_or_is_dropped(name: str, text: str) -> None:
    field = EXPORTED[name]
    found = read_environment({name: text}, [field])
    used = [assignment.key for assignment in found.assignments]
    assert used == [field.path] or found.problems or not text.strip()


def test_a_canary_is_read_from_a_file(compose: Compose, tmp_path: Path) -> None:
    file = tmp_path / "canary.json"
    file.write_text(json.dumps({"token_ids": [1], "stop_conditions": {"max_tokens": 1}}))
    composition = compose(DYN_HEALTH_CHECK_PAYLOAD=f"@{file}")
    assert composition.config is not None
    assert composition.config.health.canary_payload["stop_conditions"] == {"max_tokens": 1}


def test_a_canary_is_pasted_on_the_command_line(compose: Compose) -> None:
    composition = compose('health.canary_payload={"token_ids":[1],"stop":null}')
    assert composition.config is not None, composition.problems
    assert composition.config.health.canary_payload == {"token_ids": [1], "stop": None}


def test_r138_one_option_switches_adapters_on_in_worker_and_engine(compose: Compose) -> None:
    composition = compose("lora=enabled", "backend.engine.max_loras=4")
    assert composition.config is not None, composition.problems
    assert composition.config.lora.enabled is True
    assert composition.config.backend.engine == {"enable_lora": True, "max_loras": 4}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("temperature", [2.1, -0.1, math.nan, math.inf]),
        ("top_p", [0.0, 1.5]),
        ("top_k", [-2]),
        ("min_p", [-0.1, 2.0]),
        ("presence_penalty", [-2.1, 2.1]),
        ("frequency_penalty", [-2.1, 2.1]),
        ("repetition_penalty", [0.0, 2.1]),
        ("max_tokens", [0]),
        ("min_tokens", [-1]),
    ],
)
def test_r118_sampling_defaults_have_the_ranges_of_the_frontend(
    name: str, values: list[float]
) -> None:
    field = schema_index().fields[f"sampling.{name}"]
    assert [len(check_limits(value, field)) for value in values] == [1] * len(values)


def test_r118_sampling_defaults_at_their_bounds(compose: Compose) -> None:
    composition = compose(
        "sampling.temperature=0",
        "sampling.top_p=1",
        "sampling.top_k=-1",
        "sampling.repetition_penalty=2",
        "sampling.seed=-7",
    )
    assert not composition.fatal, composition.problems


def test_the_global_router_knows_both_names_of_its_targets(compose: Compose) -> None:
    for name in (
        "DYN_GLOBAL_ROUTER_DEFAULT_TTFT_TARGET",
        "DYN_GLOBAL_ROUTER_DEFAULT_TTFT_TARGET_MS",
    ):
        composition = compose(**{name: "250"})
        assert composition.values["global_router.default_ttft_target_ms"] == 250.0


def test_secrets_of_the_collector_are_passed_by_reference(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")
    composition = compose(OTEL_EXPORTER_OTLP_HEADERS="authorization=hunter2")
    assert composition.config is not None
    assert not any("hunter2" in text for text in composition.overrides)
    environment = native_environment(composition.config)
    assert environment["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=hunter2"
