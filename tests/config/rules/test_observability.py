"""Rules about logs, canaries and telemetry."""

from pathlib import Path
from typing import Any

import pytest

from dynamo.config.rules import observability
from dynamo.config.schema import (
    Config,
    HealthConfig,
    LogsConfig,
    MockerBackend,
    RuntimeConfig,
    StoreConfig,
    TelemetryConfig,
)


def config(**sections: Any) -> Config:
    return Config(backend=MockerBackend(), **{"store": StoreConfig("mem"), **sections})


@pytest.mark.parametrize(
    "level", [None, "", "info", "WARN", "warning", "critical", "info,dynamo_runtime=debug", "off"]
)
def test_r158_known_levels_are_accepted(level: str | None) -> None:
    assert list(observability.log_level_is_known(config(logs=LogsConfig(level)))) == []


@pytest.mark.parametrize(
    ("level", "meant"),
    [("inof", "logs.level=info"), ("verbose", ""), ("info,dynamo_runtime=loud", "")],
)
def test_r161_an_unknown_level_does_not_stop_the_start(level: str, meant: str) -> None:
    (problem,) = observability.log_level_is_known(config(logs=LogsConfig(level)))
    assert (problem.rule, problem.fatal, problem.suggestion) == ("R161", False, meant)


def test_r173_a_logging_configuration_exists(tmp_path: Path) -> None:
    file = tmp_path / "logging.toml"
    built = config(logs=LogsConfig(config_path=str(file)))
    assert [problem.path for problem in observability.log_file_exists(built)] == [
        "logs.config_path"
    ]
    file.write_text('log_level = "info"\n')
    assert list(observability.log_file_exists(built)) == []


@pytest.mark.parametrize(
    ("health", "port", "paths"),
    [
        (HealthConfig(), -1, []),
        (HealthConfig(canary_enabled=True, canary_wait_seconds=5), 0, []),
        (HealthConfig(canary_payload={"token_ids": [1]}), -1, []),
        (HealthConfig(canary_wait_seconds=5), 0, ["health.canary_wait_seconds"]),
        (HealthConfig(canary_enabled=True), -1, ["health.canary_enabled"]),
    ],
)
def test_r195_canaries_are_sent_and_their_outcome_is_seen(
    health: HealthConfig, port: int, paths: list[str]
) -> None:
    built = config(health=health, runtime=RuntimeConfig(system_port=port))
    problems = list(observability.canaries_are_sent_and_seen(built))
    assert [problem.path for problem in problems] == paths
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize("text", ["a=b", "a=b,c=d", "authorization=Bearer x==", None, ""])
def test_r173_attributes_are_pairs(text: str | None) -> None:
    built = config(telemetry=TelemetryConfig(headers=text, resource_attributes=text))
    assert list(observability.attributes_are_pairs(built)) == []


def test_r173_anything_else_is_refused_and_a_header_is_not_shown() -> None:
    telemetry = TelemetryConfig(headers="Bearer hunter2", resource_attributes="a")
    problems = list(observability.attributes_are_pairs(config(telemetry=telemetry)))
    assert [problem.path for problem in problems] == [
        "telemetry.resource_attributes",
        "telemetry.headers",
    ]
    assert "hunter2" not in str(problems)
