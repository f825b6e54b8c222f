"""The chosen connectors become vLLM's KVTransferConfig (R48 to R58, R61)."""

from typing import Any

import pytest

from dynamo.config.schema import ConnectorEntry
from dynamo.engines.argument_checks import check_arguments
from dynamo.engines.catalogue import load
from dynamo.engines.vllm.kv_transfer import (
    connector_names,
    has_connector,
    kv_transfer_config,
    uses_nixl,
)

NIXL = ConnectorEntry("NixlConnector")
LMCACHE = ConnectorEntry("LMCacheConnectorV1")
KVBM = ConnectorEntry("DynamoConnector", kv_connector_module_path="kvbm.vllm_integration.connector")

NIXL_CONFIG = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
LMCACHE_CONFIG = {"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}
KVBM_CONFIG = {
    "kv_connector": "DynamoConnector",
    "kv_role": "kv_both",
    "kv_connector_module_path": "kvbm.vllm_integration.connector",
}


def wrapped(*connectors: dict[str, Any]) -> dict[str, Any]:
    return {
        "kv_connector": "PdConnector",
        "kv_role": "kv_both",
        "kv_connector_module_path": "kvbm.vllm_integration.connector",
        "kv_connector_extra_config": {"connectors": list(connectors)},
    }


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ({}, None),
        ({"nixl": NIXL}, NIXL_CONFIG),
        ({"lmcache": LMCACHE}, LMCACHE_CONFIG),
        ({"kvbm": KVBM}, KVBM_CONFIG),
        ({"kvbm": KVBM, "nixl": NIXL}, wrapped(KVBM_CONFIG, NIXL_CONFIG)),
        ({"nixl": NIXL, "kvbm": KVBM}, wrapped(NIXL_CONFIG, KVBM_CONFIG)),
        (
            {"lmcache": LMCACHE, "kvbm": KVBM, "nixl": NIXL},
            wrapped(LMCACHE_CONFIG, KVBM_CONFIG, NIXL_CONFIG),
        ),
        (
            {"offloading": ConnectorEntry("OffloadingConnector"), "nixl": NIXL},
            {
                "kv_connector": "MultiConnector",
                "kv_role": "kv_both",
                "kv_connector_extra_config": {
                    "connectors": [
                        {"kv_connector": "OffloadingConnector", "kv_role": "kv_both"},
                        NIXL_CONFIG,
                    ]
                },
            },
        ),
    ],
)
def test_r52_r53_r54_r55_r57_a_chain_of_connectors_becomes_one_configuration(
    chain: dict[str, ConnectorEntry], expected: dict[str, Any] | None
) -> None:
    assert kv_transfer_config(chain) == expected


def test_role_and_settings_of_a_connector_are_passed_on() -> None:
    entry = ConnectorEntry(
        "ExampleConnector", "kv_producer", kv_connector_extra_config={"shared_storage_path": "/kv"}
    )
    assert kv_transfer_config({"example": entry}) == {
        "kv_connector": "ExampleConnector",
        "kv_role": "kv_producer",
        "kv_connector_extra_config": {"shared_storage_path": "/kv"},
    }


@pytest.mark.parametrize("version", ["0.32.0", "0.28.0", "0.26.0"])
@pytest.mark.parametrize("chain", [{"kvbm": KVBM}, {"kvbm": KVBM, "nixl": NIXL}])
def test_vllm_knows_every_key_that_is_written(
    version: str, chain: dict[str, ConnectorEntry]
) -> None:
    arguments = {"kv_transfer_config": kv_transfer_config(chain)}
    assert check_arguments(arguments, load("vllm", version)) == []


def test_r58_a_connector_is_in_the_chain_by_name() -> None:
    assert has_connector({"kvbm": KVBM, "nixl": NIXL}, "kvbm")
    assert not has_connector({"nixl": NIXL}, "kvbm")
    assert not has_connector({}, "nixl")


@pytest.mark.parametrize(
    ("transfer", "expected"),
    [
        (None, False),
        ({}, False),
        (NIXL_CONFIG, True),
        ({"kv_connector": "NixlPushConnector"}, True),
        (LMCACHE_CONFIG, False),
        (wrapped(KVBM_CONFIG, NIXL_CONFIG), True),
        (wrapped(KVBM_CONFIG, LMCACHE_CONFIG), False),
        (
            {
                "kv_connector": "MultiConnector",
                "kv_connector_extra_config": {"connectors": [wrapped(KVBM_CONFIG, NIXL_CONFIG)]},
            },
            True,
        ),
    ],
)
def test_r61_nixl_is_found_alone_and_inside_wrappers(
    transfer: dict[str, Any] | None, expected: bool
) -> None:
    assert uses_nixl(transfer) is expected


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ("text", ["X"]),
        (["text"], ["X"]),
        ({"connectors": "text"}, ["X"]),
        ({"connectors": ["text", {"kv_connector": "Y"}]}, ["X", "Y"]),
        ({"connectors": {"kv_connector": "Y"}}, ["X"]),
    ],
)
def test_what_is_no_connector_is_left_to_vllm_to_refuse(extra: object, names: list[str]) -> None:
    transfer = {"kv_connector": "X", "kv_connector_extra_config": extra}
    assert list(connector_names(transfer)) == names
