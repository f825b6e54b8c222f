"""What clients see when something breaks; docs/reliability.md has it as a table."""

import pytest

from tests.faults import scenarios
from tests.faults.scenarios import Scenario, Stage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    "scenario",
    [
        scenarios.etcd_killed_and_back,
        scenarios.asked_to_stop_under_load,
        scenarios.client_storm,
        scenarios.slow_reader,
    ],
)
def test_clients_notice_nothing(stage: Stage, scenario: Scenario) -> None:
    outcome = scenario(stage)
    assert outcome.lost == 0
    assert outcome.saw.endswith(" ok"), outcome.saw


@pytest.mark.parametrize(
    "scenario",
    [scenarios.worker_killed, scenarios.engine_crashes, scenarios.engine_hangs],
)
def test_requests_of_a_worker_that_fails_are_finished_by_another(
    stage: Stage, scenario: Scenario
) -> None:
    assert scenario(stage).lost == 0


@pytest.mark.parametrize("scenario", [scenarios.nats_killed_and_back, scenarios.frontend_killed])
def test_the_fleet_serves_again_when_what_failed_is_back(stage: Stage, scenario: Scenario) -> None:
    assert scenario(stage).recovered_after is not None
