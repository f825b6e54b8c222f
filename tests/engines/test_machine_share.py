"""What one worker takes of its machine: GPUs by parallel sizes, ports by what listens."""

from typing import Any

import pytest

from dynamo.config.schema import Config, ConnectorEntry, StoreConfig, VllmBackend
from dynamo.config.schema.connector import ConnectorConfig
from dynamo.engines.sglang.machine_share import gpus as sglang_gpus
from dynamo.engines.vllm.kv_transfer import kv_transfer_config
from dynamo.engines.vllm.machine_share import gpus as vllm_gpus
from dynamo.engines.vllm.machine_share import listening_ports

TCP = {"endpoint": "tcp://*:20080"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 1),
        ({"tensor_parallel_size": 4}, 4),
        ({"tensor_parallel_size": 2, "pipeline_parallel_size": 2, "data_parallel_size": 2}, 8),
        ({"data_parallel_size": 16, "data_parallel_size_local": 8}, 8),
        ({"tensor_parallel_size": None}, 1),
    ],
)
def test_gpus_of_a_vllm_worker(arguments: dict[str, Any], expected: int) -> None:
    assert vllm_gpus(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"tp_size": 4, "pp_size": 2}, 8),
        ({"tp_size": 2, "dp_size": 2}, 4),
        ({"tp_size": 8, "dp_size": 8, "enable_dp_attention": True}, 8),
    ],
)
def test_gpus_of_a_worker_of_sglang(arguments: dict[str, Any], expected: int) -> None:
    assert sglang_gpus(arguments) == expected


def vllm(connector: str | None = None, **backend: Any) -> Config:
    chain = {"one": ConnectorEntry(connector)} if connector else {}
    connectors = ConnectorConfig(chain=chain)
    return Config(backend=VllmBackend(**backend), connector=connectors, store=StoreConfig("etcd"))


def ports(config: Config, **arguments: Any) -> dict[str, tuple[int, int]]:
    transfer = kv_transfer_config(config.connector.chain)
    found = listening_ports(config, {"kv_transfer_config": transfer, **arguments})
    return {path: (span.start, len(span)) for path, span in found.items()}


def test_a_plain_worker_of_vllm_listens_nowhere() -> None:
    assert ports(vllm()) == {}


def test_kv_events_take_one_port_for_each_rank() -> None:
    taken = ports(vllm(kv_event_port=30000), kv_events_config=TCP, data_parallel_size=2)
    assert taken == {"backend.kv_event_port": (30000, 2)}


def test_kv_events_of_ones_own_and_in_files_take_no_port() -> None:
    assert ports(vllm(engine={"kv_events_config": TCP}), kv_events_config=TCP) == {}
    assert ports(vllm(), kv_events_config={"endpoint": "ipc://inproc-kv-events"}) == {}


def test_nixl_and_mooncake_listen_for_who_fetches() -> None:
    side = "backend.nixl_side_channel_port"
    assert ports(vllm("NixlConnector")) == {side: (5600, 1)}
    assert ports(vllm("NixlConnector", nixl_side_channel_port=6000)) == {side: (6000, 1)}
    mooncake = "backend.environment.VLLM_MOONCAKE_BOOTSTRAP_PORT"
    assert ports(vllm("MooncakeConnector")) == {mooncake: (8998, 1)}
