"""Text mode, sleep, omni pipelines and the encoder cache: what does not go together."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, MultimodalConfig, RoleConfig, RuntimeConfig, VllmBackend
from dynamo.engines.vllm.planning import check

NATIVE_ENCODER = "vllm_native_encoder_worker"


def problems(
    role: str = "aggregated",
    runtime: RuntimeConfig | None = None,
    multimodal: dict[str, Any] | None = None,
    **backend: Any,
) -> list[Problem]:
    worker = Config(
        backend=VllmBackend(**backend),
        role=RoleConfig(role),
        runtime=runtime or RuntimeConfig(),
        multimodal=MultimodalConfig(**(multimodal or {})),
    )
    return check(worker, Machine(gpus=1))


def test_r133_text_mode_offers_more_than_it_can() -> None:
    (problem,) = problems(use_vllm_tokenizer=True)
    assert (problem.rule, problem.fatal) == ("R133", False)
    assert problem.suggestion == "runtime.endpoint_types=[chat]"
    chat = RuntimeConfig(endpoint_types=["Chat"])
    assert problems(runtime=chat, use_vllm_tokenizer=True) == []


def test_r30_text_mode_takes_a_chat_template_as_well() -> None:
    runtime = RuntimeConfig(endpoint_types=["chat"], custom_jinja_template="/chat.jinja")
    assert problems(runtime=runtime, use_vllm_tokenizer=True) == problems(runtime=runtime) == []


@pytest.mark.parametrize(
    ("level", "engine", "rules"),
    [
        (1, {}, []),
        (2, {}, ["R113"]),
        (3, {"enable_sleep_mode": False}, ["R113"]),
        (2, {"enable_sleep_mode": True}, []),
    ],
)
def test_r113_a_sleep_level_needs_an_engine_that_can_sleep(
    level: int, engine: dict[str, Any], rules: list[str]
) -> None:
    found = problems(sleep_mode_level=level, engine=engine)
    assert [problem.rule for problem in found] == rules
    assert not any(problem.fatal for problem in found)


def test_r93_stages_without_omni_are_refused() -> None:
    (problem,) = problems(stage_configs_path="/stages.yaml")
    assert (problem.rule, problem.suggestion) == ("R93", "backend.omni=true")


@pytest.mark.parametrize("path", [None, "/stages.yaml"])
def test_r93_omni_is_legal_with_and_without_stages(path: str | None) -> None:
    assert problems(omni=True, stage_configs_path=path) == []


def test_r90_the_encoder_cache_is_configured_in_one_place() -> None:
    own = {"ec_transfer_config": {"ec_connector": "ECExampleConnector", "ec_role": "ec_both"}}
    shared = {"enabled": True, "ec_storage_path": "/shared"}
    (problem,) = problems(NATIVE_ENCODER, multimodal=shared, engine=own)
    assert (problem.rule, problem.path) == ("R90", "backend.engine.ec_transfer_config")
    assert problems(multimodal={"enabled": True}, engine=own) == []


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("ECExampelConnector", "multimodal.ec_connector_backend=ECExampleConnector"),
        ("MyOwnCache", ""),
    ],
)
def test_r88_a_connector_that_vllm_does_not_bring_is_noticed(name: str, suggestion: str) -> None:
    shared = {"enabled": True, "ec_connector_backend": name}
    (problem,) = problems(NATIVE_ENCODER, multimodal=shared)
    assert (problem.rule, problem.fatal, problem.suggestion) == ("R88", False, suggestion)
    assert problems(multimodal=shared) == []


@pytest.mark.parametrize(
    "role", ["prefill", "multimodal_prefill_worker", "multimodal_encode_prefill_worker"]
)
def test_r65_a_prefill_worker_of_any_kind_hands_over(role: str) -> None:
    assert [problem.rule for problem in problems(role)] == ["R65"]
