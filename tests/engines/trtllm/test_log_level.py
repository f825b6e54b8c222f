"""TensorRT-LLM logs at Dynamo's level, unless its own is set or the mapping is switched off."""

from collections.abc import Callable

import pytest

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, TrtllmBackend
from dynamo.engines.trtllm.arguments import engine_plan
from dynamo.engines.trtllm.log_level import log_level_environment, tllm_level

Build = Callable[..., Config]


@pytest.mark.parametrize(
    ("level", "mapped"),
    [
        ("trace", "TRACE"),
        ("debug", "DEBUG"),
        ("info", "INFO"),
        ("warn", "WARNING"),
        ("warning", "WARNING"),
        ("error", "ERROR"),
        ("critical", "ERROR"),
        ("DEBUG", "DEBUG"),
        ("Warn", "WARNING"),
        ("debug,dynamo_runtime=trace", "DEBUG"),
        (" error , x=info", "ERROR"),
        (None, "INFO"),
        ("", "INFO"),
    ],
)
def test_r158_the_first_part_of_dynamos_level_is_mapped(level: str | None, mapped: str) -> None:
    assert tllm_level(level) == mapped


@pytest.mark.parametrize("level", ["loud", "dynamo=debug,info", "verbose", ",debug", "1"])
def test_r161_a_level_that_cannot_be_mapped_becomes_info(level: str) -> None:
    assert tllm_level(level) == "INFO"


def test_r158_the_level_is_in_the_environment_that_the_engine_is_imported_with(
    build: Build,
) -> None:
    plan, _notes = engine_plan(build(log="debug"), Machine(gpus=1))
    assert plan.environment["TLLM_LOG_LEVEL"] == "DEBUG"


@pytest.mark.parametrize("level", ["verbose", "internal_error", "ERROR", "anything"])
def test_r159_a_level_that_is_set_is_kept_as_it_is(level: str) -> None:
    backend = TrtllmBackend(log_level=level)
    assert log_level_environment(backend, "debug") == {"TLLM_LOG_LEVEL": level}


def test_r159_the_variable_itself_wins_over_all(build: Build) -> None:
    config = build(log="debug", log_level="info", environment={"TLLM_LOG_LEVEL": "error"})
    plan, _notes = engine_plan(config, Machine(gpus=1))
    assert plan.environment["TLLM_LOG_LEVEL"] == "error"


def test_r160_the_mapping_can_be_switched_off() -> None:
    assert log_level_environment(TrtllmBackend(skip_log_mapping=True), "debug") == {}
    kept = log_level_environment(TrtllmBackend(skip_log_mapping=True, log_level="info"), "debug")
    assert kept == {"TLLM_LOG_LEVEL": "info"}
