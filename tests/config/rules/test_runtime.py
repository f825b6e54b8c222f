"""Rules about names, parsers, templates, events and the shape of a deployment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.problems import Problem
from dynamo.config.rules import check_rules, runtime
from dynamo.config.schema import (
    Config,
    FrontendConfig,
    RuntimeConfig,
    StoreConfig,
    VllmBackend,
)


def config(**sections: Any) -> Config:
    """Return a valid configuration with some sections replaced."""
    return Config(backend=VllmBackend(), **{"store": StoreConfig(kind="mem"), **sections})


def numbers(problems: Iterator[Problem]) -> list[str]:
    return [problem.rule for problem in problems]


def test_a_valid_configuration_breaks_no_rule() -> None:
    assert check_rules(config()) == []


@pytest.mark.parametrize("name", [None, "hermes", "llama3_json", "pythonic"])
def test_r27_known_tool_call_parsers_are_accepted(name: str | None) -> None:
    assert list(runtime.parser_names(config(runtime=RuntimeConfig(tool_call_parser=name)))) == []


@pytest.mark.parametrize(
    ("setting", "name", "meant"),
    [
        ("tool_call_parser", "hermse", "hermes"),
        ("reasoning_parser", "deepseek_r", "deepseek_r1"),
    ],
)
def test_r27_an_unknown_parser_gets_the_nearest_name(setting: str, name: str, meant: str) -> None:
    settings = RuntimeConfig()
    setattr(settings, setting, name)
    (problem,) = runtime.parser_names(config(runtime=settings))
    assert problem.rule == "R27"
    assert problem.suggestion == f"runtime.{setting}={meant}"


def test_r28_r29_a_template_path_is_expanded_and_must_be_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPLATES", str(tmp_path))
    settings = RuntimeConfig(custom_jinja_template="$TEMPLATES/chat.jinja")
    (problem,) = runtime.template_exists(config(runtime=settings))
    assert problem.rule == "R29"
    assert str(tmp_path / "chat.jinja") in str(problem.value)
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    assert list(runtime.template_exists(config(runtime=settings))) == []


def test_r28_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert runtime.expand_path("~/chat.jinja") == "/home/me/chat.jinja"


def test_r29_a_directory_is_no_template(tmp_path: Path) -> None:
    settings = RuntimeConfig(custom_jinja_template=str(tmp_path))
    assert numbers(runtime.template_exists(config(runtime=settings))) == ["R29"]


def test_r31_a_template_without_chat_is_a_notice() -> None:
    settings = RuntimeConfig(custom_jinja_template="x", endpoint_types=["completions"])
    (problem,) = runtime.template_needs_chat(config(runtime=settings))
    assert not problem.fatal
    both = RuntimeConfig(custom_jinja_template="x", endpoint_types=["Chat", "completions"])
    assert list(runtime.template_needs_chat(config(runtime=both))) == []


def test_r32_some_endpoint_type_is_needed() -> None:
    empty = config(runtime=RuntimeConfig(endpoint_types=[]))
    assert numbers(runtime.endpoint_types_given(empty)) == ["R32"]
    one = config(runtime=RuntimeConfig(endpoint_types=["completions"]))
    assert list(runtime.endpoint_types_given(one)) == []


@pytest.mark.parametrize("endpoint", ["dyn://a.b.c", "a.b.c", "my-team.backend_2.generate", None])
def test_r99_an_endpoint_has_three_parts(endpoint: str | None) -> None:
    assert list(runtime.endpoint_name(config(runtime=RuntimeConfig(endpoint=endpoint)))) == []


@pytest.mark.parametrize("endpoint", ["dyn://a.b.c", "a.b.c", "a/b/c", None])
def test_the_owner_of_kv_events_is_named_by_three_parts(endpoint: str | None) -> None:
    named = config(runtime=RuntimeConfig(kv_state_endpoint=endpoint))
    assert list(runtime.kv_state_endpoint_name(named)) == []


@pytest.mark.parametrize("endpoint", ["agent", "a.b", "a..c", "", "a b.c.d"])
def test_any_other_name_would_reach_nobody(endpoint: str) -> None:
    named = config(runtime=RuntimeConfig(kv_state_endpoint=endpoint))
    (problem,) = runtime.kv_state_endpoint_name(named)
    assert (problem.path, problem.fatal) == ("runtime.kv_state_endpoint", True)


@pytest.mark.parametrize("endpoint", ["a.b", "a.b.c.d", "a..c", "", "dyn://", "a b.c.d", "a.b.c/d"])
def test_r99_any_other_form_is_refused(endpoint: str) -> None:
    assert numbers(runtime.endpoint_name(config(runtime=RuntimeConfig(endpoint=endpoint)))) == [
        "R99"
    ]


@pytest.mark.parametrize("namespace", ["", "a.b", "a b"])
def test_r19_a_namespace_is_one_part_of_a_name(namespace: str) -> None:
    broken = config(runtime=RuntimeConfig(namespace=namespace))
    assert numbers(runtime.endpoint_name(broken)) == ["R19"]


@pytest.mark.parametrize(
    ("durable", "indexer", "rules"),
    [
        (False, None, []),
        (True, None, []),
        (False, True, []),
        (True, False, []),
        (True, True, ["R26"]),
        (False, False, ["R26"]),
    ],
)
def test_r26_the_local_indexer_is_the_opposite_of_durable_events(
    durable: bool, indexer: bool | None, rules: list[str]
) -> None:
    settings = RuntimeConfig(durable_kv_events=durable, enable_local_indexer=indexer)
    assert numbers(runtime.local_indexer_follows_durability(config(runtime=settings))) == rules


@pytest.mark.parametrize(
    ("store", "frontend", "rules"),
    [("mem", "none", ["R21"]), ("mem", "embedded", []), ("file", "none", []), ("etcd", "none", [])],
)
def test_r21_a_worker_in_a_memory_store_needs_its_own_frontend(
    store: str, frontend: str, rules: list[str]
) -> None:
    built = config(store=StoreConfig(kind=store), frontend=FrontendConfig(kind=frontend))
    assert numbers(runtime.memory_store_needs_own_frontend(built)) == rules


SECURE = ["https://etcd:2379"]


def all_files(**more: Any) -> StoreConfig:
    files: dict[str, Any] = {
        "etcd_ca": "ca.pem",
        "etcd_client_cert": "c.pem",
        "etcd_client_key": "c.key",
    }
    return StoreConfig(**files, **more)


@pytest.mark.parametrize(
    ("store", "paths"),
    [
        (StoreConfig(), []),
        (all_files(etcd_endpoints=SECURE), []),
        (StoreConfig(etcd_username="me", etcd_password="x"), []),  # noqa: S106
        (StoreConfig("file", etcd_ca="ca.pem"), []),
        (StoreConfig(etcd_ca="ca.pem"), ["store.etcd_client_cert", "store.etcd_client_key"]),
        (
            StoreConfig(etcd_endpoints=SECURE),
            ["store.etcd_ca", "store.etcd_client_cert", "store.etcd_client_key"],
        ),
        (all_files(etcd_username="me"), ["store.etcd_username"]),
    ],
)
def test_r20_tls_to_etcd_needs_all_files_and_no_password(
    store: StoreConfig, paths: list[str]
) -> None:
    found = runtime.etcd_speaks_tls_with_all_files(config(store=store))
    assert [problem.path for problem in found] == paths


@pytest.mark.parametrize(("store", "rules"), [("mem", ["R21"]), ("file", []), ("etcd", [])])
def test_r21_a_frontend_alone_finds_no_worker_in_a_memory_store(
    store: str, rules: list[str]
) -> None:
    built = config(action="frontend", store=StoreConfig(kind=store))
    assert numbers(runtime.memory_store_needs_own_frontend(built)) == rules


@pytest.mark.parametrize(
    ("store", "missing"),
    [
        (StoreConfig(etcd_username="me"), ["store.etcd_password"]),
        (StoreConfig(etcd_client_key="k.pem"), ["store.etcd_client_cert"]),
        (StoreConfig(etcd_username="me", etcd_password="x"), []),  # noqa: S106
        (StoreConfig(), []),
    ],
)
def test_r20_etcd_credentials_come_in_pairs(store: StoreConfig, missing: list[str]) -> None:
    problems = runtime.etcd_credentials_in_pairs(config(store=store))
    assert [problem.path for problem in problems] == missing
