"""The multimodal settings become vLLM's ECTransferConfig (R87 to R91)."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.schema import (
    Config,
    MultimodalConfig,
    RoleConfig,
    RuntimeConfig,
    VllmBackend,
)
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.catalogue import load
from dynamo.engines.vllm.arguments import engine_plan
from dynamo.engines.vllm.ec_transfer import ec_transfer_config

GPU = Machine(gpus=1)


def config(role: str, endpoint: str | None = None, **multimodal: Any) -> Config:
    return Config(
        backend=VllmBackend(),
        role=RoleConfig(role),
        runtime=RuntimeConfig(namespace="blue", endpoint=endpoint),
        multimodal=MultimodalConfig(enabled=True, **multimodal),
    )


def test_r90_r188_the_native_encoder_produces_embeddings() -> None:
    encoder = config(
        "vllm_native_encoder_worker",
        ec_storage_path="/shared/storage",
        ec_extra_config={"key": "value"},
    )
    assert ec_transfer_config(encoder) == {
        "ec_connector": "ECExampleConnector",
        "ec_role": "ec_producer",
        "engine_id": "blue.encoder.encoder.0",
        "ec_connector_extra_config": {"key": "value", "shared_storage_path": "/shared/storage"},
    }


def test_r91_r189_a_consumer_loads_them_from_the_same_directory() -> None:
    worker = config("multimodal_worker", ec_consumer_mode=True, ec_storage_path="/shared/storage")
    assert ec_transfer_config(worker) == {
        "ec_connector": "ECExampleConnector",
        "ec_role": "ec_consumer",
        "engine_id": "blue.backend.backend.0",
        "ec_connector_extra_config": {"shared_storage_path": "/shared/storage"},
    }


def test_r88_another_connector_gets_its_settings_only() -> None:
    encoder = config(
        "vllm_native_encoder_worker",
        ec_connector_backend="ECCPUConnector",
        ec_extra_config={"ec_cpu_bytes": 1 << 30},
    )
    mapping = ec_transfer_config(encoder)
    assert mapping is not None
    assert mapping["ec_connector"] == "ECCPUConnector"
    assert mapping["ec_connector_extra_config"] == {"ec_cpu_bytes": 1 << 30}


def test_r89_settings_of_the_user_are_copied_not_changed() -> None:
    given = {"key": "value"}
    encoder = config("vllm_native_encoder_worker", ec_storage_path="/shared", ec_extra_config=given)
    assert ec_transfer_config(encoder) is not None
    assert given == {"key": "value"}


def test_r99_the_engine_is_named_after_its_endpoint() -> None:
    encoder = config("vllm_native_encoder_worker", "dyn://a.b.c", ec_storage_path="/shared")
    mapping = ec_transfer_config(encoder)
    assert mapping is not None
    assert mapping["engine_id"] == "a.b.encoder.0"


@pytest.mark.parametrize("role", ["aggregated", "ec_processor", "multimodal_encode_worker"])
def test_other_workers_share_no_embeddings(role: str) -> None:
    assert ec_transfer_config(config(role)) is None
    arguments = engine_plan(config(role), GPU)[0].arguments
    assert "ec_transfer_config" not in arguments


@pytest.mark.parametrize("version", ["0.32.0", "0.28.0", "0.26.0"])
@pytest.mark.parametrize(
    "worker",
    [
        config("vllm_native_encoder_worker", ec_storage_path="/shared"),
        config("multimodal_worker", ec_consumer_mode=True, ec_storage_path="/shared"),
    ],
    ids=["producer", "consumer"],
)
def test_vllm_knows_every_key_that_is_written(version: str, worker: Config) -> None:
    worker.backend.version = version
    arguments = engine_plan(worker, GPU)[0].arguments
    assert arguments["ec_transfer_config"] == ec_transfer_config(worker)
    assert check_arguments(arguments, load("vllm", version)) == []


@pytest.mark.parametrize(
    ("role", "publishes"),
    [
        ("multimodal_worker", True),
        ("multimodal_prefill_worker", True),
        ("multimodal_encode_prefill_worker", True),
        ("multimodal_decode_worker", False),
        ("vllm_native_encoder_worker", False),
        ("multimodal_encode_worker", False),
        ("ec_processor", False),
    ],
)
def test_r66_only_a_worker_that_prefills_publishes_kv_events(role: str, publishes: bool) -> None:
    arguments = engine_plan(config(role, ec_storage_path="/shared"), GPU)[0].arguments
    assert ("kv_events_config" in arguments) is publishes
