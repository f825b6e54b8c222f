"""What vLLM's connectors are told on both sides of a hand-over."""

from typing import Any

import pytest

from dynamo.config.schema import ConnectorEntry
from dynamo.engines.base import GenerateRequest
from dynamo.engines.vllm.hand_over import fetches_for_several, mooncake_source, prefill_params
from dynamo.engines.vllm.kv_transfer import kv_transfer_config

NIXL = {
    "do_remote_decode": True,
    "do_remote_prefill": False,
    "remote_engine_id": None,
    "remote_block_ids": None,
    "remote_host": None,
    "remote_port": None,
}


@pytest.mark.parametrize("name", ["NixlConnector", "NixlPullConnector", "NixlPushConnector"])
def test_r134_nixl_is_asked_to_keep_blocks_for_another_engine(name: str) -> None:
    assert prefill_params({"kv_connector": name}, "one") == NIXL


def test_r134_nixl_is_found_inside_a_wrapper() -> None:
    chain = {"kvbm": ConnectorEntry("DynamoConnector"), "nixl": ConnectorEntry("NixlConnector")}
    assert prefill_params(kv_transfer_config(chain), "one") == NIXL


@pytest.mark.parametrize("name", ["ExampleConnector", "LMCacheConnectorV1", "OffloadingConnector"])
def test_connectors_that_find_blocks_by_content_are_told_nothing(name: str) -> None:
    assert prefill_params({"kv_connector": name}, "one") is None


def test_without_a_connector_there_is_nothing_to_say() -> None:
    assert prefill_params(None, "one") is None


def test_r134_mooncake_finds_a_transfer_by_its_id() -> None:
    asked = prefill_params({"kv_connector": "MooncakeConnector"}, "one")
    assert asked == {"do_remote_decode": True, "do_remote_prefill": False, "transfer_id": "one"}
    assert mooncake_source(asked, "engine", "http://10.0.0.1:8998") == {
        "do_remote_decode": False,
        "do_remote_prefill": True,
        "remote_engine_id": "engine",
        "remote_bootstrap_addr": "http://10.0.0.1:8998",
        "transfer_id": "one",
    }


@pytest.mark.parametrize("asked", [None, NIXL, {"do_remote_prefill": True, "transfer_id": "one"}])
def test_others_say_themselves_where_their_blocks_are(asked: dict[str, Any] | None) -> None:
    assert mooncake_source(asked, "engine", "http://10.0.0.1:8998") is None


@pytest.mark.parametrize(
    ("params", "choices", "several"),
    [
        ({"do_remote_prefill": True}, 2, True),
        ({"do_remote_prefill": True}, 1, False),
        ({"do_remote_decode": True}, 2, False),
        (None, 2, False),
    ],
)
def test_kv_cache_for_several_choices_is_fetched_once(
    params: dict[str, Any] | None, choices: int, several: bool
) -> None:
    request = GenerateRequest("one", [1, 2], 4, {"n": choices}, kv_transfer_params=params)
    assert fetches_for_several(request) is several
