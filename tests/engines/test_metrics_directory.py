"""The directory of metrics that several processes of an engine share."""

from pathlib import Path

import pytest

from dynamo.engines.metrics_directory import VARIABLE, prepare_directory
from dynamo.engines.vllm.kv_transfer import counts_elsewhere


def test_r110_the_directory_is_there_before_the_engine(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    prepare_directory(environ, tmp_path / "engine" / "metrics")
    assert environ == {VARIABLE: str(tmp_path / "engine" / "metrics")}
    assert (tmp_path / "engine" / "metrics").is_dir()


def test_r110_a_directory_of_the_users_own_is_kept(tmp_path: Path) -> None:
    environ = {VARIABLE: str(tmp_path / "own")}
    prepare_directory(environ, tmp_path / "other")
    assert environ[VARIABLE] == str(tmp_path / "own")
    assert (tmp_path / "own").is_dir()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("transfer", "elsewhere"),
    [
        (None, False),
        ({"kv_connector": "NixlConnector"}, False),
        ({"kv_connector": "LMCacheConnectorV1"}, True),
        (
            {
                "kv_connector": "MultiConnector",
                "kv_connector_extra_config": {
                    "connectors": [
                        {"kv_connector": "NixlConnector"},
                        {"kv_connector": "LMCacheMPConnector"},
                    ]
                },
            },
            True,
        ),
    ],
)
def test_r110_lmcache_counts_in_the_engine_cores_process(
    transfer: dict[str, object] | None, elsewhere: bool
) -> None:
    assert counts_elsewhere(transfer) is elsewhere
