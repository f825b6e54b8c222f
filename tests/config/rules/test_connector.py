"""Settings of a connector that is not chosen are noticed."""

from typing import Any

import pytest

from dynamo.config.rules.connector import kvbm_settings_need_kvbm
from dynamo.config.schema import Config, ConnectorConfig, ConnectorEntry, VllmBackend


@pytest.mark.parametrize(
    ("connectors", "settings", "paths"),
    [
        ((), {}, []),
        ((), {"kvbm_cpu_cache_gb": 4.0}, ["connector.kvbm_cpu_cache_gb"]),
        (("nixl",), {"kvbm_event_consolidator": False}, ["connector.kvbm_event_consolidator"]),
        (("nixl", "kvbm"), {"kvbm_cpu_cache_gb": 4.0}, []),
    ],
)
def test_r54_kvbms_settings_belong_to_kvbm(
    connectors: tuple[str, ...], settings: dict[str, Any], paths: list[str]
) -> None:
    chain = {name: ConnectorEntry("X") for name in connectors}
    config = Config(backend=VllmBackend(), connector=ConnectorConfig(chain, **settings))
    problems = list(kvbm_settings_need_kvbm(config))
    assert [problem.path for problem in problems] == paths
    assert not any(problem.fatal for problem in problems)
