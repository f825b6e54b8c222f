"""A `kv_transfer_config` is recognised exactly where connectors make the same one."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynamo.config.schema import ConnectorEntry
from dynamo.engines.vllm.connector_import import EXTRA, ChosenConnectors, connector_settings
from dynamo.engines.vllm.kv_transfer import KVBM_MODULE, kv_transfer_config

KNOWN = {
    "kvbm": ConnectorEntry("DynamoConnector", kv_connector_module_path=KVBM_MODULE),
    "lmcache": ConnectorEntry("LMCacheConnectorV1"),
    "nixl": ConnectorEntry("NixlConnector"),
    "mooncake": ConnectorEntry("MooncakeConnector"),
}


@pytest.mark.parametrize(
    ("transfer", "chosen"),
    [
        ({"kv_connector": "NixlConnector", "kv_role": "kv_both"}, ChosenConnectors(["nixl"])),
        (
            {"kv_connector": "NixlConnector", "kv_role": "kv_producer"},
            ChosenConnectors(["nixl"], {"connector.chain.nixl.kv_role": "kv_producer"}),
        ),
        (
            {
                "kv_connector": "NixlConnector",
                "kv_role": "kv_both",
                "kv_connector_extra_config": {"backends": ["UCX"]},
            },
            ChosenConnectors(
                ["nixl"], {"connector.chain.nixl.kv_connector_extra_config": {"backends": ["UCX"]}}
            ),
        ),
        (
            kv_transfer_config({n: KNOWN[n] for n in ("kvbm", "nixl")}),
            ChosenConnectors(["kvbm", "nixl"]),
        ),
        (
            kv_transfer_config({n: KNOWN[n] for n in ("mooncake", "lmcache")}),
            ChosenConnectors(["mooncake", "lmcache"]),
        ),
        ({"kv_connector": "NixlConnector"}, None),
        ({"kv_connector": "NixlConnector", "kv_role": "kv_both", "kv_port": 1}, None),
        ({"kv_connector": "Unheard", "kv_role": "kv_both"}, None),
        ({"kv_connector": "DynamoConnector", "kv_role": "kv_both"}, None),
        ({"kv_connector": "MultiConnector", "kv_role": "kv_both"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_connectors_are_recognised(
    transfer: dict[str, Any], chosen: ChosenConnectors | None
) -> None:
    assert connector_settings(transfer, KNOWN) == chosen


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(KNOWN)), unique=True, min_size=1))
def test_every_chain_is_found_again(names: list[str]) -> None:
    transfer = kv_transfer_config({name: KNOWN[name] for name in names})
    assert transfer is not None
    assert connector_settings(transfer, KNOWN) == ChosenConnectors(names)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(["kv_connector", "kv_role", "kv_connector_extra_config", "connectors", "x"])


@settings(deadline=None)
@example({"kv_connector": "NixlConnector", "kv_role": "kv_both", EXTRA: "text"})
@example({EXTRA: {"connectors": [{"kv_connector": "NixlConnector", EXTRA: "text"}]}})
@given(st.dictionaries(KEYS, JSON | st.sampled_from(["NixlConnector", "kv_both"])))
def test_any_mapping_is_recognised_exactly_or_not_at_all(transfer: dict[str, Any]) -> None:
    chosen = connector_settings(transfer, KNOWN)
    if chosen is not None:
        assert transfer["kv_connector"] == "NixlConnector"
        assert transfer["kv_role"] == "kv_both" or "kv_role" in str(chosen.settings)
