"""Earlier spellings are understood, and each is answered with today's."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.aliases import MOVED, RENAMED, canonical_key, rename
from dynamo.config.compose import Composition
from dynamo.config.environment import read_environment
from dynamo.config.schema_index import schema_index

Compose = Callable[..., Composition]

GROUPS = ("store", "request_plane", "event_plane", "connector")


def notices(composition: Composition) -> list[tuple[str, str]]:
    assert not composition.fatal, composition.problems
    return [(problem.path, problem.suggestion) for problem in composition.problems]


@pytest.mark.parametrize("name", [*RENAMED, *MOVED])
def test_every_earlier_name_means_a_setting_that_exists(name: str) -> None:
    assert canonical_key(f"vllm.{name}") in {*schema_index().fields, *GROUPS}


SPELLINGS = {
    "store_kv=file": "store=file",
    "runtime.store_kv=file": "store=file",
    "discovery_backend=kubernetes": "store=kubernetes",
    "runtime.request_plane=nats": "request_plane=nats",
    "runtime.event_plane=nats": "event_plane=nats",
    "namespace=blue": "runtime.namespace=blue",
    "durable_kv_events=yes": "runtime.durable_kv_events=yes",
    "dyn_tool_call_parser=hermes": "runtime.tool_call_parser=hermes",
    "backend.dyn_reasoning_parser=qwen3": "runtime.reasoning_parser=qwen3",
    "enable_multimodal=true": "multimodal.enabled=true",
    "backend.ec_storage_path=/shared": "multimodal.ec_storage_path=/shared",
    "sleep_mode_level=2": "backend.sleep_mode_level=2",
    "+use_vllm_tokenizer=on": "backend.use_vllm_tokenizer=on",
    "model_path=/models/llama": "model.path=/models/llama",
    "connector_list=[nixl,kvbm]": "connector=[nixl,kvbm]",
    "connector=nixl,kvbm": "connector=[nixl,kvbm]",
    "connector_list=nixl": "connector=nixl",
    "dyn_endpoint_types=chat": "runtime.endpoint_types=[chat]",
    "dyn_endpoint_types=chat,completions": "runtime.endpoint_types=[chat,completions]",
    "runtime.endpoint_types=completions,chat": "runtime.endpoint_types=[completions,chat]",
    "endpoint_types=chat , completions": "runtime.endpoint_types=[chat , completions]",
    "endpoint_types=[chat]": "runtime.endpoint_types=[chat]",
}


@pytest.mark.parametrize(("written", "today"), SPELLINGS.items())
def test_r33_an_earlier_spelling_becomes_todays_with_a_notice(written: str, today: str) -> None:
    renamed = rename([written], schema_index().fields)
    assert renamed.overrides == (today,)
    (notice,) = renamed.notices
    assert (notice.path, notice.suggestion, notice.fatal) == (
        written.partition("=")[0], today, False,
    )  # fmt: skip


def test_earlier_spellings_set_todays_settings(compose: Compose) -> None:
    written = [
        "store_kv=file", "runtime.event_plane=nats", "connector=nixl,kvbm", "namespace=blue",
        "durable_kv_events=yes", "dyn_endpoint_types=chat , completions", "sleep_mode_level=2",
        "+use_vllm_tokenizer=on", "backend.ec_storage_path=/shared",
    ]  # fmt: skip
    composition = compose(*written)
    assert len(notices(composition)) == len(written)
    assert composition.config is not None
    assert list(composition.config.connector.chain) == ["nixl", "kvbm"]
    expected = {
        "store.kind": "file",
        "event_plane.kind": "nats",
        "runtime.namespace": "blue",
        "runtime.durable_kv_events": True,
        "runtime.endpoint_types": ["chat", "completions"],
        "backend.sleep_mode_level": 2,
        "backend.use_vllm_tokenizer": True,
        "multimodal.ec_storage_path": "/shared",
    }
    assert {path: composition.values[path] for path in expected} == expected


def test_commas_separate_trials_in_a_sweep() -> None:
    swept = rename(["endpoint_types=chat,completions", "connector=nixl,kvbm"], sweep=True)
    assert swept.overrides == ("runtime.endpoint_types=chat,completions", "connector=nixl,kvbm")


def test_what_is_spelt_as_today_is_left_alone() -> None:
    today = [
        "store=mem",
        "runtime.namespace=a",
        "connector=[nixl]",
        "connector=nixl",
        "role=decode",
    ]
    assert rename(today, schema_index().fields).overrides == tuple(today)
    assert rename(today, schema_index().fields).notices == ()


def test_a_name_that_is_a_setting_of_its_section_is_not_moved() -> None:
    assert rename(["backend.endpoint=x"], {"backend.endpoint"}).notices == ()


@pytest.mark.parametrize("written", ["model.endpoint=x", "backend.engine.store_kv=mem", "store_kv"])
def test_elsewhere_the_names_mean_nothing(written: str) -> None:
    assert rename([written]).overrides == (written,)


def test_problems_of_the_value_name_todays_setting(compose: Compose) -> None:
    composition = compose("store_kv=etdc", "dyn_tool_call_parser=[a]")
    fatal = {problem.path: problem for problem in composition.problems if problem.fatal}
    assert set(fatal) == {"store", "runtime.tool_call_parser"}
    assert fatal["store"].suggestion == "store=etcd"


def test_an_earlier_variable_is_understood_and_answered_with_todays(compose: Compose) -> None:
    composition = compose(DYN_STORE_KV="file", DYN_VLLM_STAGE_CONFIGS_PATH="/stages.yaml")
    assert notices(composition) == [
        ("DYN_STORE_KV", "DYN_DISCOVERY_BACKEND=file"),
        ("DYN_VLLM_STAGE_CONFIGS_PATH", "DYN_OMNI_STAGE_CONFIGS_PATH=/stages.yaml"),
    ]
    assert composition.values["store.kind"] == "file"
    assert composition.values["backend.stage_configs_path"] == "/stages.yaml"


@pytest.mark.parametrize(
    ("name", "value", "noticed"),
    [
        ("DYN_VLLM_EMBEDDING_WORKER", "true", True),
        ("DYN_VLLM_EMBEDDING_WORKER", "off", False),
        ("DYN_SGL_ENABLE_MULTIMODAL", "true", False),
        ("DYN_OMNI_STAGE_ID", "1", True),
        ("DYN_STRUCTURAL_TAG_SCOPE", "always", True),
        ("DYN_ROUTER_MIN_INITIAL_WORKERS", "2", False),
    ],
)
def test_a_variable_that_changes_nothing_is_noticed(name: str, value: str, noticed: bool) -> None:
    problems = read_environment({name: value}, schema_index().fields.values()).problems
    assert [problem.path for problem in problems] == ([name] if noticed else [])
    assert not any(problem.fatal for problem in problems)


def test_role_switches_reach_the_configuration(compose: Compose) -> None:
    composition = compose("is_prefill_worker=true")
    assert composition.values["role.name"] == "prefill"
    assert notices(composition) == [("is_prefill_worker", "role=prefill")]
    composition = compose(DYN_VLLM_MULTIMODAL_WORKER="1", DYN_VLLM_IS_PREFILL_WORKER="1")
    assert composition.values["role.name"] == "multimodal_prefill_worker"


def test_an_earlier_name_in_a_file_is_refused_with_todays(compose: Compose, tmp_path: Any) -> None:
    (tmp_path / "preset").mkdir()
    (tmp_path / "preset" / "mine.yaml").write_text(
        "# @package _global_\nruntime:\n  dyn_endpoint_types: [chat]\n"
    )
    (problem,) = compose(f"hydra.searchpath=[file://{tmp_path}]", "preset=mine").problems
    assert (problem.suggestion, problem.fatal) == ("runtime.endpoint_types", True)
