"""A fleet that could not answer is refused before any of its processes is looked at."""

from typing import Any

import pytest

from dynamo.config.rules.fleet import check_fleet
from dynamo.config.schema import Config, FrontendConfig, RoleConfig, StoreConfig
from dynamo.config.schema.fleet import FleetConfig, FleetMembers


def found(
    counts: dict[str, int], store: str = "file", role: str = "aggregated"
) -> list[tuple[str, str]]:
    parts: dict[str, Any] = {name: FleetMembers(count) for name, count in counts.items()}
    fleet = FleetConfig(enabled=True, **parts)
    config = Config(store=StoreConfig(store), role=RoleConfig(role), fleet=fleet)
    return [(problem.path, problem.rule) for problem in check_fleet(config)]


@pytest.mark.parametrize(
    "counts",
    [
        {"frontend": 1, "aggregated": 2},
        {"aggregated": 1},
        {"frontend": 2, "prefill": 1, "decode": 3},
    ],
)
def test_a_fleet_that_can_answer_is_accepted(counts: dict[str, int]) -> None:
    assert found(counts) == []


def test_a_fleet_needs_workers() -> None:
    assert found({"frontend": 1}) == [("fleet.aggregated.replicas", "")]


@pytest.mark.parametrize(("there", "missing"), [("prefill", "decode"), ("decode", "prefill")])
def test_r103_prefill_and_decode_come_together(there: str, missing: str) -> None:
    assert found({there: 1}) == [(f"fleet.{missing}.replicas", "R103")]


def test_r103_whole_workers_do_not_stand_beside_halves() -> None:
    counts = {"aggregated": 1, "prefill": 1, "decode": 1}
    assert found(counts) == [("fleet.aggregated.replicas", "R103")]


def test_r21_processes_do_not_meet_in_memory() -> None:
    assert found({"aggregated": 1}, store="mem") == [("store.kind", "R21")]


def test_a_role_for_all_is_refused() -> None:
    assert found({"aggregated": 1}, role="prefill") == [("role.name", "")]


@pytest.mark.parametrize("text", ["role=decode", "fleet.max_restarts=1", "+action=plan"])
def test_what_the_fleet_decides_is_not_overridden_for_one_process(text: str) -> None:
    fleet = FleetConfig(enabled=True, aggregated=FleetMembers(1, [text]))
    config = Config(store=StoreConfig("file"), fleet=fleet, frontend=FrontendConfig())
    (problem,) = check_fleet(config)
    assert (problem.path, problem.value) == ("fleet.aggregated.overrides", text)
