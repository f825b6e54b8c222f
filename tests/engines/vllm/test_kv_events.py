"""Where vLLM publishes KV events, and where the worker listens."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.vllm.kv_events import REPLAY_SOCKET, SOCKET, event_sources, with_sockets
from dynamo.engines.vllm.kvbm_consolidator import add_consolidator

DIRECTORY = Path("/tmp/dynamo-engine-12345678")
ON = {"enable_kv_cache_events": True, "publisher": "zmq"}


def placed(events: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = with_sockets({"kv_events_config": events}, DIRECTORY)
    return dict(arguments["kv_events_config"])


def test_planned_sockets_are_put_into_the_engines_directory() -> None:
    assert placed({**ON, "endpoint": SOCKET}) == {
        **ON,
        "endpoint": f"ipc://{DIRECTORY}/inproc-kv-events",
        "replay_endpoint": f"ipc://{DIRECTORY}/inproc-kv-replay",
    }


def test_r68_what_the_user_says_stays() -> None:
    own = {**ON, "endpoint": "tcp://*:5000", "replay_endpoint": "tcp://*:5100", "topic": "kv"}
    assert placed(own) == own
    off = {"enable_kv_cache_events": False}
    assert placed(off) == off
    assert with_sockets({}, DIRECTORY) == {}


def published(endpoint: str, topic: str = "", replay: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(endpoint=endpoint, topic=topic, replay_endpoint=replay)


@pytest.mark.parametrize(
    ("endpoint", "reached"),
    [
        ("tcp://*:20080", "tcp://127.0.0.1:20080"),
        ("tcp://[::]:20080", "tcp://[::1]:20080"),
        ("ipc:///run/kv", "ipc:///run/kv"),
    ],
)
def test_r77_what_vllm_binds_is_reached_over_loopback(endpoint: str, reached: str) -> None:
    assert event_sources({0: published(endpoint)}, None) == [KvEventSource(reached)]


def test_r77_every_data_parallel_rank_is_a_source() -> None:
    ranks = {
        5: published("tcp://*:20085", "t", f"{REPLAY_SOCKET}_dp5"),
        4: published("tcp://*:20084"),
    }
    assert event_sources(ranks, None) == [
        KvEventSource("tcp://127.0.0.1:20084", 4),
        KvEventSource("tcp://127.0.0.1:20085", 5, "t", f"{REPLAY_SOCKET}_dp5"),
    ]


def test_events_that_go_to_a_collector_elsewhere_are_no_source() -> None:
    assert event_sources({0: published("tcp://10.0.0.7:20080")}, None) == []


ADDRESSES = ("tcp://127.0.0.1:20080", "tcp://0.0.0.0:57001", "tcp://127.0.0.1:57001")


@pytest.fixture
def kvbm(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for KVBM 1.6.1, which needs a GPU; returns the configurations it was asked about."""
    asked: list[Any] = []

    def get_consolidator_endpoints(config: Any) -> tuple[str, str, str]:
        asked.append(config)
        return ADDRESSES

    module = ModuleType("kvbm.vllm_integration.consolidator_config")
    module.__dict__["get_consolidator_endpoints"] = get_consolidator_endpoints
    for name in ("kvbm", "kvbm.vllm_integration"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


def vllm_config(connector: str | None, events: bool = True) -> SimpleNamespace:
    return SimpleNamespace(
        kv_transfer_config=connector and SimpleNamespace(kv_connector=connector),
        kv_events_config=SimpleNamespace(enable_kv_cache_events=events),
        additional_config={},
    )


@pytest.mark.parametrize("connector", ["DynamoConnector", "PdConnector"])
def test_r78_with_kvbm_events_come_from_its_consolidator(kvbm: list[Any], connector: str) -> None:
    config = vllm_config(connector)
    addresses = add_consolidator(config)
    assert kvbm == [config]
    assert config.additional_config == {"consolidator_endpoints": ADDRESSES}
    ranks = {0: published("tcp://*:20080")}
    assert event_sources(ranks, addresses) == [KvEventSource("tcp://127.0.0.1:57001")]


@pytest.mark.parametrize(
    ("connector", "events"), [(None, True), ("NixlConnector", True), ("DynamoConnector", False)]
)
def test_r78_without_kvbm_or_events_there_is_no_consolidator(
    kvbm: list[Any], connector: str | None, events: bool
) -> None:
    config = vllm_config(connector, events)
    assert add_consolidator(config) is None
    assert (kvbm, config.additional_config) == ([], {})


def test_r78_a_kvbm_that_is_missing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert add_consolidator(vllm_config("DynamoConnector")) is None
    assert "KV events come from vLLM alone" in caplog.text
