"""Connectors whose package is not installed are found before an engine is started."""

from dataclasses import replace
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, ConnectorEntry, StoreConfig, VllmBackend
from dynamo.engines.vllm.connector_packages import connector_packages
from dynamo.engines.vllm.kv_transfer import kv_transfer_config
from dynamo.launcher.checking import missing_packages
from dynamo.launcher.planning import plan_launch


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], {}),
        (["ExampleConnector"], {}),
        (["NixlConnector"], {"nixl": "--no-deps nixl nixl-cu12"}),
        (["LMCacheConnectorV1", "NixlConnector"], {"lmcache", "nixl"}),
    ],
)
def test_what_a_connector_needs(names: list[str], expected: Any) -> None:
    chain = {name: ConnectorEntry(name) for name in names}
    found = connector_packages(kv_transfer_config(chain))
    assert (set(found) if isinstance(expected, set) else found) == expected


def test_a_connector_of_another_module_needs_its_package() -> None:
    chain = {"own": ConnectorEntry("Own", kv_connector_module_path="own.connectors")}
    assert connector_packages(kv_transfer_config(chain)) == {"own": ""}


def test_a_missing_package_is_named_with_what_to_install() -> None:
    plan = plan_launch(Config(backend=VllmBackend(), store=StoreConfig("mem")), Machine(gpus=1))
    chain = {"own": ConnectorEntry("Own", kv_connector_module_path="no_such_package.connectors")}
    arguments = {**plan.engine.arguments, "kv_transfer_config": kv_transfer_config(chain)}
    (problem,) = missing_packages(replace(plan, engine=replace(plan.engine, arguments=arguments)))
    assert "needs the package no_such_package" in problem.message
    assert problem.fatal
