"""What does not go together is refused before the start, with what to write instead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, MultimodalConfig
from dynamo.engines.trtllm.planning import check

Build = Callable[..., Config]

GPU = Machine(gpus=8)
MEDIA = MultimodalConfig(enabled=True)
TRANSCEIVER = {"cache_transceiver_config": {"backend": "NIXL"}}


def only(config: Config) -> Problem:
    (problem,) = check(config, GPU)
    return problem


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"device": "cuda"},
        {"engine": {"model": "org/model", "backend": "pytorch"}},
        {"connectors": ("kvbm",)},
        {"engine": TRANSCEIVER, "role": "prefill"},
        {"engine": TRANSCEIVER, "role": "decode"},
        {"role": "multimodal_encode_worker", "media": MEDIA},
        {"modality": "multimodal"},
        {"modality": "video_diffusion"},
        {"encode_endpoint": "dyn://dynamo.encode.generate"},
        {"engine": {"max_batch_size": 8}, "override_engine_args": {"max_num_tokens": 8}},
        {"engine": {"max_batch_size": 8}, "override_engine_args": {"max_batch_size": 8}},
        {"publish_kv_events": True, "engine": {"kv_cache_config": {"enable_block_reuse": True}}},
        {"engine": {"load_format": "AUTO"}},
    ],
)
def test_what_goes_together_passes(build: Build, given: dict[str, Any]) -> None:
    assert check(build(**given), GPU) == []


def test_there_is_no_cpu_path(build: Build) -> None:
    assert only(build(device="cpu")).path == "backend.device"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"engine": {"model": "org/other"}}, "backend.engine.model"),
        (
            {"override_engine_args": {"model": "org/other"}},
            "backend.override_engine_args.model",
        ),
    ],
)
def test_r46_the_model_is_named_in_one_place(
    build: Build, given: dict[str, Any], path: str
) -> None:
    problem = only(build(**given))
    assert (problem.path, problem.rule) == (path, "R46")
    assert problem.suggestion == "model.path=org/other"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("- 1\n", "the file is a list"),
        ("a: [1\n", "is not YAML"),
    ],
)
def test_r163_a_file_that_cannot_be_used_is_refused(
    build: Build, tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "extra.yaml"
    if text is not None:
        file.write_text(text)
    problem = only(build(extra_engine_args=str(file), version="1.3.0rc29"))
    assert (problem.path, problem.rule, problem.fatal) == (
        "backend.extra_engine_args",
        "R163",
        True,
    )
    assert says in problem.message


def test_r163_arguments_are_checked_wherever_they_stand(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text("# options\nmax_batch_sise: 8\n")
    config = build(
        {"max_num_token": 8},
        extra_engine_args=str(file),
        override_engine_args={"kv_cache_config": {"enable_block_reuze": True}},
    )
    found = {problem.path: (problem.suggestion, problem.source) for problem in check(config, GPU)}
    assert found == {
        "backend.extra_engine_args.max_batch_sise": ("max_batch_size: 8", f"{file}:2"),
        "backend.engine.max_num_token": ("backend.engine.max_num_tokens=8", ""),
        "backend.override_engine_args.kv_cache_config.enable_block_reuze":
            ("backend.override_engine_args.kv_cache_config.enable_block_reuse=true", ""),
    }  # fmt: skip


def test_a_variable_that_is_not_on_record_may_be_one_of_the_engines(build: Build) -> None:
    assert check(build(environment={"TRTLLM_ENABLE_PDL": "1"}), GPU) == []


def test_r163_an_override_that_contradicts_the_engine_is_refused(build: Build) -> None:
    config = build(
        {"kv_cache_config": {"tokens_per_block": 16}},
        override_engine_args={"kv_cache_config": {"tokens_per_block": 64}},
    )
    problem = only(config)
    assert problem.path == "backend.override_engine_args.kv_cache_config.tokens_per_block"
    assert (problem.rule, problem.fatal) == ("R163", True)


def test_r164_several_connectors_are_refused(build: Build) -> None:
    problem = only(build(connectors=("nixl", "kvbm")))
    assert (problem.rule, problem.fatal, problem.suggestion) == ("R164", True, "connector=kvbm")


@pytest.mark.parametrize("name", ["nixl", "lmcache"])
def test_r164_a_connector_that_is_not_kvbm_is_left_out_with_a_notice(
    build: Build, name: str
) -> None:
    problem = only(build(connectors=(name,)))
    assert (problem.rule, problem.fatal, problem.suggestion) == ("R164", False, "connector=none")


@pytest.mark.parametrize("role", ["prefill", "decode"])
@pytest.mark.parametrize("engine", [{}, {"cache_transceiver_config": {"backend": None}}])
def test_r65_halves_of_inference_need_a_way_to_hand_over(
    build: Build, role: str, engine: dict[str, Any]
) -> None:
    problem = only(build(engine, role=role))
    assert (problem.path, problem.rule) == ("role.name", "R65")
    assert problem.suggestion == "backend.engine.cache_transceiver_config.backend=DEFAULT"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"role": "ec_processor"}, "role.name"),
        ({"role": "multimodal_worker", "media": MEDIA}, "role.name"),
        ({"modality": "video_diffusion", "role": "prefill", "engine": TRANSCEIVER}, "role.name"),
        ({"modality": "video_diffusion", "media": MEDIA}, "backend.modality"),
    ],
)
def test_r98_roles_and_modalities_that_do_not_exist_together_are_refused(
    build: Build, given: dict[str, Any], path: str
) -> None:
    problem = only(build(**given))
    assert (problem.path, problem.fatal) == (path, True)


def test_r42_another_backend_of_the_engine_is_refused(build: Build) -> None:
    problem = only(build({"backend": "tensorrt"}))
    assert (problem.rule, problem.suggestion) == ("R42", "backend.engine.backend=pytorch")


def test_r42_post_processing_in_the_engine_is_noticed(build: Build) -> None:
    problem = only(build({"num_postprocess_workers": 4}))
    assert (problem.rule, problem.fatal) == ("R42", False)


def test_r67_events_without_reuse_are_noticed(build: Build) -> None:
    engine = {"kv_cache_config": {"enable_block_reuse": False}}
    problem = only(build(engine, publish_kv_events=True))
    assert (problem.rule, problem.fatal) == ("R67", False)
    assert check(build(engine), GPU) == []


@pytest.mark.parametrize("endpoint", ["dynamo.encode", "dyn://a.b", "a.b.c.d", "a..c"])
def test_r99_an_endpoint_has_three_parts(build: Build, endpoint: str) -> None:
    assert only(build(encode_endpoint=endpoint)).rule == "R99"


def test_a_newer_version_is_not_refused_what_was_not_recorded(build: Build) -> None:
    assert only(build({"brand_new": 1})).fatal is True
    assert only(build({"brand_new": 1}, version="1.3.0rc29")).fatal is False
