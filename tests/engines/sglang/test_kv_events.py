"""Where the events of SGLang's KV cache are found."""

from typing import Any

import pytest

from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.sglang.kv_events import kv_event_sources


def test_r80_each_rank_has_a_port_of_its_own() -> None:
    config = '{"publisher": "zmq", "topic": "kv", "endpoint": "tcp://*:5557"}'
    assert kv_event_sources(config, 2) == [
        KvEventSource("tcp://127.0.0.1:5557", 0, "kv"),
        KvEventSource("tcp://127.0.0.1:5558", 1, "kv"),
    ]


def test_r80_another_host_and_a_replay_endpoint_are_kept() -> None:
    config = {"publisher": "zmq", "endpoint": "ipc:///run/kv", "replay_endpoint": "tcp://*:6000"}
    (source,) = kv_event_sources(config, 1)
    assert (source.endpoint, source.replay_endpoint) == ("ipc:///run/kv", "tcp://127.0.0.1:6000")


@pytest.mark.parametrize("config", [None, "", "{", "{}", '{"publisher": "null"}'])
def test_r80_without_a_publisher_there_is_none(config: Any) -> None:
    assert kv_event_sources(config, 1) == ()
