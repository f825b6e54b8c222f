"""What reaches the native runtime: the settings that say so, in its own words."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from dynamo.config.fields import leaves
from dynamo.config.known_names import runtime_variables
from dynamo.config.native_environment import (
    exported_variables,
    native_environment,
    native_log_filter,
)
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    HealthConfig,
    LogsConfig,
    LoraConfig,
    MockerBackend,
    NatsConfig,
    RequestPlaneConfig,
    RuntimeConfig,
    StoreConfig,
    TelemetryConfig,
    TopologyConfig,
)

LOCAL = {"store": StoreConfig("mem"), "event_plane": EventPlaneConfig("zmq")}
NOT_IN_THE_LIBRARY = {
    "DYN_EVENT_PLANE_CODEC",
    "DYN_SKIP_SGLANG_LOG_FORMATTING",
}
"""Read by Python parts, by older runtimes, or found by no search for whole names."""


def environment(**sections: Any) -> dict[str, str]:
    return native_environment(Config(backend=MockerBackend(), **{**LOCAL, **sections}))


def test_r173_the_network_is_configured_through_the_environment() -> None:
    plane = RequestPlaneConfig(
        tcp_pool_size=8, tcp_request_timeout_seconds=30, tcp_max_message_bytes=64 << 20
    )
    found = environment(request_plane=plane)
    assert found["DYN_TCP_POOL_SIZE"] == "8"
    assert found["DYN_TCP_REQUEST_TIMEOUT"] == "30"
    assert found["DYN_TCP_MAX_MESSAGE_SIZE"] == "67108864"


def test_what_nobody_set_is_left_to_the_runtime() -> None:
    assert sorted(environment()) == [
        "DYN_EVENT_PLANE",
        "DYN_SYSTEM_HOST",
        "DYN_SYSTEM_PORT",
        "DYN_TCP_RPC_PORT",
    ]


def test_r23_the_event_plane_is_told_to_parts_that_only_read_the_environment() -> None:
    assert environment(event_plane=EventPlaneConfig("nats"))["DYN_EVENT_PLANE"] == "nats"


@pytest.mark.parametrize(
    ("sections", "name", "text"),
    [
        ({"lora": LoraConfig(enabled=True)}, "DYN_LORA_ENABLED", "true"),
        ({"health": HealthConfig(canary_enabled=False)}, "DYN_HEALTH_CHECK_ENABLED", "false"),
        (
            {"request_plane": RequestPlaneConfig(tls_handshake_timeout_seconds=3.0)},
            "DYN_TCP_TLS_HANDSHAKE_TIMEOUT_SECS",
            "3",
        ),
        (
            {"telemetry": TelemetryConfig(traces_sample_ratio=0.01)},
            "OTEL_TRACES_SAMPLE_RATIO",
            "0.01",
        ),
        (
            {"runtime": RuntimeConfig(system_starting_health_status="Ready")},
            "DYN_SYSTEM_STARTING_HEALTH_STATUS",
            "ready",
        ),
        (
            {"health": HealthConfig(canary_payload={"token_ids": [1], "x": None})},
            "DYN_HEALTH_CHECK_PAYLOAD",
            '{"token_ids":[1],"x":null}',
        ),
        ({"lora": LoraConfig(path="/adapters")}, "DYN_LORA_PATH", "/adapters"),
        (
            {"topology": TopologyConfig(enabled=True, kv_transfer_domain="zone")},
            "DYN_KV_TRANSFER_DOMAIN",
            "zone",
        ),
    ],
)
def test_values_are_written_as_the_runtime_reads_them(
    sections: dict[str, Any], name: str, text: str
) -> None:
    assert environment(**sections)[name] == text


@pytest.mark.parametrize(
    ("sections", "absent"),
    [
        ({"nats": NatsConfig(token="t")}, "NATS_AUTH_TOKEN"),  # noqa: S106
        ({"store": StoreConfig("file", etcd_lease_ttl=5)}, "ETCD_LEASE_TTL"),
        ({"store": StoreConfig("mem", pod_name="worker-0")}, "POD_NAME"),
    ],
)
def test_r24_settings_of_what_is_not_chosen_stay_away(
    sections: dict[str, Any], absent: str
) -> None:
    assert absent not in environment(**sections)


def test_kubernetes_discovery_is_told_who_this_pod_is() -> None:
    store = StoreConfig("kubernetes", pod_name="worker-0", kubernetes_mode="Container")
    found = environment(store=store)
    assert (found["POD_NAME"], found["DYN_KUBE_DISCOVERY_MODE"]) == ("worker-0", "container")


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("info", "info"),
        ("warning", "warn"),
        ("CRITICAL", "error"),
        ("info, dynamo_runtime=Warning", "info,dynamo_runtime=warn"),
        ("info,hyper::client=off", "info,hyper::client=off"),
    ],
)
def test_r158_levels_that_only_python_has_are_handed_on_in_the_runtimes_words(
    text: str, native: str
) -> None:
    assert native_log_filter(text) == native
    assert environment(logs=LogsConfig(level=text))["DYN_LOG"] == native


def test_every_exported_setting_has_a_variable_that_the_runtime_knows() -> None:
    exported = [field for field in leaves(Config) if field.setting.exported]
    assert all(field.setting.env for field in exported)
    names = {field.setting.env[0] for field in exported}
    ours = {name for name in names if re.match("DYN_|ETCD_|NATS_", name)}
    assert ours - runtime_variables() <= NOT_IN_THE_LIBRARY
    assert len(ours) > 80


def test_what_the_plan_does_not_set_can_be_removed_without_harm_to_others() -> None:
    names = exported_variables()
    assert {"NATS_SERVER", "DYN_TCP_POOL_SIZE", "DYN_LOG"} <= names
    assert not names & {"POD_NAME", "CONTAINER_NAME", "DYN_STORE_KV", "DYN_NAMESPACE"}


BUILD_A_RUNTIME = """
import asyncio
from dynamo.runtime import DistributedRuntime

async def main():
    DistributedRuntime(asyncio.get_running_loop(), "mem", "tcp", event_plane="zmq").shutdown()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("dynamo._core") is None, reason="ai-dynamo-runtime is not installed"
)
def test_r173_the_real_runtime_understands_what_is_written() -> None:
    found = environment(
        runtime=RuntimeConfig(
            worker_threads=3,
            max_blocking_threads=5,
            system_port=0,
            system_health_path="/ready",
            system_starting_health_status="Ready",
        ),
        health=HealthConfig(canary_enabled=True, canary_wait_seconds=7, canary_timeout_seconds=2),
        logs=LogsConfig(level="info", console_format="JSONL"),
        lora=LoraConfig(enabled=True),
    )
    environ = {key: value for key, value in os.environ.items() if not key.startswith("DYN_")}
    run = [sys.executable, "-c", BUILD_A_RUNTIME]
    done = subprocess.run(
        run, env={**environ, **found}, check=True, capture_output=True, text=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    (said,) = (line["message"] for line in lines if "runtime configuration" in line["message"])
    for fact in (
        "num_worker_threads=3",
        "max_blocking_threads=5",
        "system_port=0",
        "system_health_path=/ready",
        "health_check_enabled=true",
        "canary_wait_time_secs=7",
        "health_check_request_timeout_secs=2",
    ):
        assert fact in said
