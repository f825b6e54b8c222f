"""What is written into one connector of the chain is taken or reported, never lost."""

import pytest

from dynamo.config.problems import Problem
from tests.config.conftest import Compose

ROLE = "connector.chain.nixl.kv_role"


def problems(compose: Compose, *overrides: str) -> list[Problem]:
    return list(compose("deployment=cluster", *overrides).problems)


def test_a_misspelt_setting_of_a_connector_is_not_lost(compose: Compose) -> None:
    (problem,) = problems(compose, "connector.chain.nixl.kv_rol=kv_consumer")
    assert (problem.path, problem.fatal) == ("connector.chain.nixl.kv_rol", True)
    assert problem.suggestion == f"{ROLE}=kv_consumer"


def test_choices_hold_inside_a_connector(compose: Compose) -> None:
    (problem,) = problems(compose, f"{ROLE}=kv_none")
    assert (problem.path, problem.allowed) == (ROLE, "kv_both, kv_producer, kv_consumer")


@pytest.mark.parametrize(
    "override",
    [f"{ROLE}=kv_producer", "connector.chain.nixl.kv_connector_extra_config.any.thing=1"],
)
def test_what_a_connector_knows_is_taken(compose: Compose, override: str) -> None:
    key, _, _ = override.partition("=")
    composition = compose("deployment=cluster", override)
    assert composition.problems == ()
    assert composition.sources[key] == "command line"


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ("backend.environment.X=[1]", "backend.environment.X"),
        ("connector.chain.kvbm.kv_role=kv_both", "connector.chain.kvbm.kv_role"),
    ],
)
def test_what_cannot_be_merged_names_its_key_and_the_reason(
    compose: Compose, override: str, path: str
) -> None:
    (problem,) = problems(compose, override)
    assert problem.path == path
    assert problem.message.startswith("cannot be merged: ")
    assert "full_key" not in problem.message
