"""Rules about the global router's file."""

import json
from pathlib import Path

import pytest

from dynamo.config.rules import check_rules, global_router
from dynamo.config.schema import Config, GlobalRouterConfig, MockerBackend, StoreConfig
from tests.config.global_router.files import disagg


def config(file: Path | str | None, model: str | None = "llama") -> Config:
    router = GlobalRouterConfig(config=None if file is None else str(file), model_name=model)
    return Config(backend=MockerBackend(), store=StoreConfig("mem"), global_router=router)


def test_r165_a_good_file_breaks_no_rule(tmp_path: Path) -> None:
    file = tmp_path / "router.json"
    file.write_text(json.dumps(disagg()))
    assert check_rules(config(file)) == []
    assert check_rules(config(None, None)) == []


def test_r165_mistakes_in_the_file_are_found_with_all_others(tmp_path: Path) -> None:
    data = disagg()
    data["decode_pool_selection_strategy"]["decode_pool_mapping"][1][0] = 3
    del data["num_prefill_pools"]
    file = tmp_path / "router.json"
    file.write_text(json.dumps(data))
    problems = list(global_router.file_is_valid(config(file)))
    assert [(problem.path, problem.rule) for problem in problems] == [
        (f"{file}: num_prefill_pools", "R165"),
        (f"{file}: decode_pool_selection_strategy.decode_pool_mapping[1][0]", "R167"),
    ]


def test_r165_a_missing_file_is_named_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    (problem,) = global_router.file_is_valid(config("~/router.json"))
    assert (problem.path, problem.rule) == ("~/router.json", "R165")


def test_r165_the_model_needs_a_name(tmp_path: Path) -> None:
    (problem,) = global_router.model_has_a_name(config(tmp_path / "router.json", None))
    assert problem.path == "global_router.model_name"
    assert list(global_router.model_has_a_name(config(tmp_path / "router.json"))) == []
