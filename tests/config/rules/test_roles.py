"""Rules about roles, media and the encoder cache that workers share."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.compose import Composition
from dynamo.config.problems import Problem
from dynamo.config.roles import ROLES
from dynamo.config.rules import check_rules
from dynamo.config.schema import Config, MultimodalConfig, RoleConfig, StoreConfig, VllmBackend

Compose = Callable[..., Composition]

NATIVE_ENCODER = "vllm_native_encoder_worker"
MEDIA_ROLES = [name for name, role in ROLES.items() if role.handles_media]


def problems(role: str = "aggregated", **multimodal: Any) -> list[Problem]:
    return check_rules(
        Config(
            backend=VllmBackend(),
            store=StoreConfig(kind="file"),
            role=RoleConfig(role),
            multimodal=MultimodalConfig(**multimodal),
        )
    )


def test_the_seven_multimodal_roles_of_the_reference_exist() -> None:
    assert set(MEDIA_ROLES) >= {
        "multimodal_processor",
        "ec_processor",
        "multimodal_encode_worker",
        "multimodal_worker",
        "multimodal_decode_worker",
        "multimodal_encode_prefill_worker",
        NATIVE_ENCODER,
    }


@pytest.mark.parametrize("role", MEDIA_ROLES)
def test_r83_a_multimodal_role_needs_multimodal(role: str) -> None:
    broken = [problem for problem in problems(role) if problem.rule == "R83"]
    assert [problem.suggestion for problem in broken] == ["multimodal=enabled"]
    path = "/shared" if role == NATIVE_ENCODER else None
    assert problems(role, enabled=True, ec_storage_path=path) == []


@pytest.mark.parametrize("role", ["aggregated", "prefill", "decode"])
def test_r83_multimodal_alone_is_legal(role: str) -> None:
    assert problems(role, enabled=True) == []


@pytest.mark.parametrize("template", ["", "USER: <image> ASSISTANT:", "<Prompt>"])
def test_r86_a_template_without_place_for_the_prompt_is_refused(template: str) -> None:
    (problem,) = problems(enabled=True, prompt_template=template)
    assert (problem.rule, problem.path) == ("R86", "multimodal.prompt_template")


def test_r86_r189_a_template_of_ones_own_is_accepted() -> None:
    assert problems("ec_processor", enabled=True, prompt_template="<image> <prompt>") == []


def test_r87_the_native_encoder_needs_a_shared_directory() -> None:
    (problem,) = problems(NATIVE_ENCODER, enabled=True)
    assert (problem.rule, problem.path, problem.fatal) == (
        "R87", "multimodal.ec_storage_path", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [{"ec_storage_path": "/shared"}, {"ec_extra_config": {"shared_storage_path": "/shared"}}],
)
def test_r87_r188_the_directory_may_be_given_in_either_place(given: dict[str, Any]) -> None:
    assert problems(NATIVE_ENCODER, enabled=True, **given) == []


def test_r88_another_connector_needs_no_directory() -> None:
    assert problems(NATIVE_ENCODER, enabled=True, ec_connector_backend="ECMooncakeConnector") == []


def test_r89_two_directories_contradict_each_other() -> None:
    same = {"shared_storage_path": "/a"}
    assert problems(NATIVE_ENCODER, enabled=True, ec_storage_path="/a", ec_extra_config=same) == []
    (problem,) = problems(NATIVE_ENCODER, enabled=True, ec_storage_path="/b", ec_extra_config=same)
    assert (problem.rule, problem.value) == ("R89", "/a")


@pytest.mark.parametrize("text", ["{key: value}", "[1]", "no"])
def test_r89_a_variable_that_is_no_json_object_is_refused(compose: Compose, text: str) -> None:
    (problem,) = compose(DYN_VLLM_EC_EXTRA_CONFIG=text).problems
    assert (problem.path, problem.fatal) == ("DYN_VLLM_EC_EXTRA_CONFIG", True)
    assert "JSON object" in problem.allowed


@pytest.mark.parametrize("text", ['{"key": "value"}', "{key: value}", "{key:value}"])
def test_r89_settings_of_the_connector_may_be_json_or_a_mapping(
    compose: Compose, text: str
) -> None:
    composition = compose(f"multimodal.ec_extra_config={text}")
    assert composition.config is not None
    assert composition.config.multimodal.ec_extra_config == {"key": "value"}


def test_r90_a_directory_that_nobody_uses_is_noticed() -> None:
    (problem,) = problems(enabled=True, ec_storage_path="/shared")
    assert (problem.rule, problem.fatal) == ("R90", False)


@pytest.mark.parametrize("role", ["multimodal_worker", "multimodal_prefill_worker", "aggregated"])
def test_r91_r189_a_worker_with_a_language_model_can_consume_embeddings(role: str) -> None:
    assert problems(role, enabled=True, ec_consumer_mode=True, ec_storage_path="/shared") == []
    (problem,) = problems(role, enabled=True, ec_consumer_mode=True)
    assert (problem.rule, problem.path) == ("R91", "multimodal.ec_storage_path")


@pytest.mark.parametrize("role", [NATIVE_ENCODER, "ec_processor", "multimodal_encode_worker"])
def test_r91_a_role_without_a_language_model_consumes_none(role: str) -> None:
    found = problems(role, enabled=True, ec_consumer_mode=True, ec_storage_path="/shared")
    assert [(problem.rule, problem.path) for problem in found] == [
        ("R91", "multimodal.ec_consumer_mode")
    ]


def test_r91_embeddings_are_of_no_use_while_media_is_refused() -> None:
    (problem,) = problems(ec_consumer_mode=True, ec_storage_path="/shared")
    assert (problem.rule, problem.suggestion) == ("R91", "multimodal=enabled")


def test_an_unknown_role_breaks_no_rule_of_its_own() -> None:
    assert problems("prefil") == []
