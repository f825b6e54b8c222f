"""What vLLM's presets promise: sizes that fit the models, halves that fit each other."""

import functools
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.launcher.planning import plan_launch

pytestmark = pytest.mark.slow

CONF = Path(__file__).parents[2] / "conf"
SERVER = Machine(gpus=8, cpu_threads=64, memory_bytes=512 * 2**30)


@functools.cache
def plan(preset: str) -> LaunchPlan:
    config = compose_config([f"preset={preset}"], {}, CONF).config
    assert config is not None
    return plan_launch(config, SERVER)


def arguments(preset: str) -> dict[str, Any]:
    return dict(plan(preset).engine.arguments)


def test_r187_nixl_on_one_gpu_has_the_mp_executor() -> None:
    assert arguments("vllm_nixl_mp")["distributed_executor_backend"] == "mp"
    assert arguments("vllm_nixl_mp")["kv_transfer_config"]["kv_connector"] == "NixlConnector"


@pytest.mark.parametrize("prefill", ["vllm_disagg_prefill", "vllm_kvbm_disagg_prefill"])
def test_the_halves_of_a_disaggregated_pair_fit_each_other(prefill: str) -> None:
    first, second = plan(prefill), plan("vllm_disagg_decode")
    assert (first.role, second.role) == ("prefill", "decode")
    assert first.model == second.model
    assert first.endpoint.namespace == second.endpoint.namespace
    assert (first.registration.needs, second.registration.needs) == (
        (("decode",),), (("prefill",),),
    )  # fmt: skip
    ports = [half.engine.environment.get("VLLM_NIXL_SIDE_CHANNEL_PORT") for half in (first, second)]
    assert ports == [None, "5601"]


def test_r55_kvbm_is_asked_before_nixl_hands_over() -> None:
    transfer = arguments("vllm_kvbm_disagg_prefill")["kv_transfer_config"]
    assert transfer["kv_connector"] == "PdConnector"
    inner = transfer["kv_connector_extra_config"]["connectors"]
    assert [entry["kv_connector"] for entry in inner] == ["DynamoConnector", "NixlConnector"]


def test_r185_r188_r189_r90_r91_r92_encoder_and_worker_share_one_directory() -> None:
    encoder = arguments("vllm_native_encoder")["ec_transfer_config"]
    worker = arguments("vllm_ec_pd_worker")["ec_transfer_config"]
    assert (encoder["ec_role"], worker["ec_role"]) == ("ec_producer", "ec_consumer")
    for setting in ("ec_connector", "ec_connector_extra_config"):
        assert encoder[setting] == worker[setting]
    processor = plan("vllm_ec_processor")
    assert processor.endpoint.component == "processor"
    assert processor.multimodal is not None
    assert "<prompt>" in processor.multimodal.prompt_template


def test_r25_r26_durable_events_switch_the_local_indexer_off() -> None:
    built = plan("vllm_durable_kv_events")
    assert not built.registration.enable_local_indexer
    assert built.registration.use_kv_events
    assert "NATS_SERVER" in built.runtime.environment
