"""Composition: precedence, groups, sources, and every problem at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.compose import Composition

Compose = Callable[..., Composition]

CONF = Path(__file__).parents[2] / "conf"
CONNECTORS = sorted(file.stem for file in (CONF / "connector").glob("*.yaml"))


def values(composition: Composition, *paths: str) -> list[Any]:
    assert composition.config is not None, composition.problems
    return [composition.values[path] for path in paths]


def test_the_default_needs_no_server(compose: Compose) -> None:
    composition = compose()
    kinds = ("store.kind", "request_plane.kind", "event_plane.kind", "frontend.kind")
    assert values(composition, *kinds) == ["mem", "tcp", "zmq", "embedded"]
    assert composition.config is not None
    assert composition.config.connector.chain == {}
    assert composition.problems == ()


def test_r184_a_cluster_worker_has_the_defaults_of_the_reference(compose: Compose) -> None:
    composition = compose("deployment=cluster")
    kinds = ("runtime.namespace", "store.kind", "request_plane.kind", "event_plane.kind")
    assert values(composition, *kinds) == ["dynamo", "etcd", "tcp", "nats"]
    assert composition.values["runtime.endpoint_types"] == ["chat", "completions"]
    assert composition.config is not None
    assert list(composition.config.connector.chain) == ["nixl"]


@pytest.mark.parametrize(
    ("overrides", "environ", "expected", "source"),
    [
        ((), {}, "dynamo", "schema default"),
        ((), {"DYN_NAMESPACE": "blue"}, "blue", "DYN_NAMESPACE"),
        (("runtime.namespace=green",), {"DYN_NAMESPACE": "blue"}, "green", "command line"),
        (("runtime.namespace=green",), {}, "green", "command line"),
    ],
)
def test_r1_command_line_beats_environment_beats_default(
    compose: Compose,
    overrides: tuple[str, ...],
    environ: dict[str, str],
    expected: str,
    source: str,
) -> None:
    composition = compose(*overrides, **environ)
    assert values(composition, "runtime.namespace") == [expected]
    assert composition.sources["runtime.namespace"] == source


@pytest.mark.parametrize(
    ("overrides", "environ", "expected"),
    [
        (("deployment=cluster",), {}, "etcd"),
        (("deployment=cluster",), {"DYN_STORE_KV": "file"}, "file"),
        (("deployment=cluster", "store=mem"), {"DYN_STORE_KV": "file"}, "mem"),
        ((), {"DYN_DISCOVERY_BACKEND": "etcd"}, "etcd"),
    ],
)
def test_precedence_holds_for_config_groups_too(
    compose: Compose, overrides: tuple[str, ...], environ: dict[str, str], expected: str
) -> None:
    assert values(compose(*overrides, **environ), "store.kind") == [expected]


def test_r12_a_false_on_the_command_line_beats_a_true_variable(compose: Compose) -> None:
    composition = compose("runtime.durable_kv_events=no", DYN_DURABLE_KV_EVENTS="1")
    assert values(composition, "runtime.durable_kv_events") == [False]


def test_a_file_is_named_with_its_line(compose: Compose) -> None:
    assert compose("store=file").sources["store.kind"] == "conf/store/file.yaml:2"


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("none", []),
        ("null", []),
        ("NIXL", ["nixl"]),
        ("[kvbm,nixl]", ["kvbm", "nixl"]),
        ("[nixl,kvbm,lmcache]", ["nixl", "kvbm", "lmcache"]),
    ],
)
def test_r48_connectors_are_chosen_in_order_and_in_any_case(
    compose: Compose, chosen: str, names: list[str]
) -> None:
    composition = compose(f"connector={chosen}")
    assert composition.config is not None
    assert list(composition.config.connector.chain) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [("nixl kvbm", ["nixl", "kvbm"]), ("", []), ("None", []), (" LMCache ", ["lmcache"])],
)
def test_r10_the_connector_variable_is_split_on_white_space(
    compose: Compose, text: str, names: list[str]
) -> None:
    composition = compose(DYN_CONNECTOR=text)
    assert composition.config is not None
    assert list(composition.config.connector.chain) == names


def test_r10_a_comma_does_not_separate_connectors_in_the_variable(compose: Compose) -> None:
    assert compose(DYN_CONNECTOR="nixl,kvbm").fatal


@pytest.mark.parametrize("chosen", ["[none,nixl]", "[nixl,null]", "[none,null]", "[NIXL,None]"])
def test_r49_none_cannot_be_combined(compose: Compose, chosen: str) -> None:
    (problem,) = compose(f"connector={chosen}").problems
    assert problem.rule == "R49"
    assert problem.path == "connector"


def test_r48_an_unknown_connector_names_the_known_ones(compose: Compose) -> None:
    (problem,) = compose("connector=nixle").problems
    assert problem.rule == "R48"
    assert problem.allowed == ", ".join(CONNECTORS)
    assert problem.suggestion == "connector=nixl"


def test_engine_arguments_need_no_plus_sign(compose: Compose) -> None:
    composition = compose(
        "backend.engine.max_num_seqs=4", "backend.engine.compilation_config.level=0"
    )
    assert composition.config is not None
    assert composition.config.backend.engine == {
        "max_num_seqs": 4,
        "compilation_config": {"level": 0},
    }


def test_json_pasted_from_an_engine_command_line_is_understood(compose: Compose) -> None:
    pasted = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
    composition = compose(f"backend.engine.kv_transfer_config={pasted}")
    assert composition.config is not None
    assert composition.config.backend.engine["kv_transfer_config"] == {
        "kv_connector": "NixlConnector",
        "kv_role": "kv_both",
    }


def test_everything_wrong_is_reported_in_one_run(compose: Compose) -> None:
    composition = compose(
        "runtime.namespac=a",
        "store=etdc",
        "runtime.migration_limit=-1",
        "runtime.grace_period_seconds=soon",
        "frontend.port=70000",
        DYN_DURABLE_KV_EVENTS="maybe",
        DYN_REQUEST_PLANE="tpc",
        DYN_NAMESPCE="x",
    )
    found = {problem.path: problem for problem in composition.problems}
    assert set(found) == {
        "runtime.namespac",
        "store",
        "runtime.migration_limit",
        "runtime.grace_period_seconds",
        "frontend.port",
        "DYN_DURABLE_KV_EVENTS",
        "request_plane",
        "DYN_NAMESPCE",
    }
    assert found["runtime.namespac"].suggestion == "runtime.namespace=a"
    assert found["store"].suggestion == "store=etcd"
    assert found["request_plane"].source == "DYN_REQUEST_PLANE"
    assert not found["DYN_NAMESPCE"].fatal


def test_a_variable_of_the_runtime_that_is_no_setting_is_left_alone(compose: Compose) -> None:
    assert compose(DYN_TCP_POOL_SIZE="8", DYN_LOG="debug", HOME="/root", PATH="/bin").problems == ()


def test_two_names_of_one_setting_must_agree(compose: Compose) -> None:
    assert compose(DYN_STORE_KV="etcd", DYN_DISCOVERY_BACKEND="etcd").problems == ()
    (problem,) = compose(DYN_STORE_KV="etcd", DYN_DISCOVERY_BACKEND="file").problems
    assert problem.path == "DYN_STORE_KV"
    assert "DYN_DISCOVERY_BACKEND=file" in problem.message


@pytest.mark.parametrize(
    ("override", "suggestion"),
    [
        ("namespace=blue", "runtime.namespace=blue"),
        ("model=Qwen/Qwen3-0.6B", "model.path=Qwen/Qwen3-0.6B"),
        ("conector=nixl", "connector=nixl"),
        ("action=chek", "action=check"),
        ("connector=nixl,kvbm", "connector=[nixl,kvbm]"),
        ("backend.engine.max_num_seqs=4,16", "-m backend.engine.max_num_seqs=4,16"),
    ],
)
def test_common_mistakes_get_the_line_that_was_meant(
    compose: Compose, override: str, suggestion: str
) -> None:
    (problem,) = compose(override).problems
    assert problem.suggestion == suggestion


@pytest.mark.parametrize("overrides", [["preset=null"], ["preset=vllm_single_node", "preset=null"]])
def test_a_preset_can_be_taken_back(compose: Compose, overrides: list[str]) -> None:
    assert compose(*overrides).values == compose().values
    chosen = compose(*overrides, "preset=vllm_local_cpu")
    assert chosen.values["backend.engine.max_num_seqs"] == 16


@pytest.mark.parametrize("key", ["multimodal.ec_extra_config", "runtime.endpoint_types"])
def test_a_reference_must_lead_to_a_value_of_the_right_kind(
    compose: Compose, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELSEWHERE", "text")
    composition = compose(f"{key}=${{oc.env:ELSEWHERE}}")
    (problem,) = composition.problems
    assert (composition.config, problem.path, problem.value) == (None, key, "text")


def test_a_list_of_texts_holds_texts(compose: Compose) -> None:
    (problem,) = compose("runtime.endpoint_types=[[chat]]").problems
    assert problem.path == "runtime.endpoint_types"


@pytest.mark.parametrize("override", ["store=true", "role=null", "store=[[a]]"])
def test_a_bad_option_is_reported_beside_variables_of_an_engine(
    compose: Compose, override: str
) -> None:
    (problem,) = compose(override, DYN_VLLM_IS_PREFILL_WORKER="no").problems
    assert problem.path == override.partition("=")[0]


@pytest.mark.parametrize("override", ["~runtime", "~frontend.port", "~store"])
def test_declared_settings_cannot_be_removed(compose: Compose, override: str) -> None:
    assert compose(override).fatal


def test_a_secret_from_the_environment_is_passed_by_reference_only(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NATS_AUTH_PASSWORD", "hunter2")
    composition = compose(NATS_AUTH_PASSWORD="hunter2")  # noqa: S106
    assert values(composition, "nats.password") == ["hunter2"]
    assert not any("hunter2" in text for text in composition.overrides)


def test_errors_in_a_file_name_file_and_line(compose: Compose, tmp_path: Any) -> None:
    (tmp_path / "preset").mkdir()
    (tmp_path / "preset" / "mine.yaml").write_text(
        "# @package _global_\nruntime:\n  namespac: blue\n  migration_limit: many\n"
    )
    composition = compose(f"hydra.searchpath=[file://{tmp_path}]", "preset=mine")
    found = {problem.path: problem for problem in composition.problems}
    assert found["runtime.namespac"].source.endswith("preset/mine.yaml:3")
    assert found["runtime.namespac"].suggestion == "runtime.namespace"
    assert found["runtime.migration_limit"].source.endswith("preset/mine.yaml:4")


def test_what_is_exported_for_the_engine_is_seen_and_kept(compose: Compose) -> None:
    composition = compose(VLLM_CPU_KVCACHE_SPACE="8", OMP_NUM_THREADS="3")
    assert composition.config is not None
    assert composition.config.backend.environment == {
        "VLLM_CPU_KVCACHE_SPACE": "8",
        "OMP_NUM_THREADS": "3",
    }
    assert composition.sources["backend.environment.OMP_NUM_THREADS"] == "OMP_NUM_THREADS"
    louder = compose("backend.environment.OMP_NUM_THREADS=1", OMP_NUM_THREADS="3")
    assert louder.values["backend.environment.OMP_NUM_THREADS"] == "1"


def test_choices_count_in_any_case_and_are_planned_as_declared(compose: Compose) -> None:
    composition = compose(
        "frontend.router_mode=KV", "runtime.endpoint_types=[Chat]", DYN_RESPONSE_PLANE="QUIC"
    )
    paths = ("frontend.router_mode", "runtime.endpoint_types", "request_plane.response_plane")
    assert values(composition, *paths) == ["kv", ["chat"], "quic"]
    assert composition.config is not None
    assert composition.config.frontend.router_mode == "kv"
    assert composition.sources["frontend.router_mode"] == "command line"


def test_the_source_of_an_override_is_known_without_reading_the_files_again(
    compose: Compose,
) -> None:
    def read() -> dict[str, str]:
        raise AssertionError("the files were read")

    composition = replace(compose("frontend.port=8100", DYN_NAMESPACE="blue"), find_sources=read)
    assert composition.source_of("frontend.port") == "command line"
    assert composition.source_of("runtime.namespace") == "DYN_NAMESPACE"
    assert composition.source_of("frontend") == ""


def test_the_source_of_what_no_override_gives_is_a_file_or_the_schema(compose: Compose) -> None:
    composition = compose()
    leaves = ("frontend.port", "runtime.namespace", "backend.name")
    assert [composition.source_of(leaf) for leaf in leaves] == [
        composition.sources[leaf] for leaf in leaves
    ]
