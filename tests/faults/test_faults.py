"""What clients see when something breaks; docs/reliability.md has it as a table."""

import signal
from contextlib import ExitStack
from importlib import util
from pathlib import Path

import pytest

from tests.e2e.tiny_llama import write_tiny_llama
from tests.faults import disk_full, port_taken, scenarios
from tests.faults.scenarios import Scenario
from tests.faults.stage import Stage
from tests.faults.vllm_engine import engines_fail
from tests.worker.processes import MODEL

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


@pytest.mark.parametrize(
    "scenario",
    [
        disk_full.store_full,
        disk_full.dump_full,
        port_taken.ports_taken,
        port_taken.port_taken_meanwhile,
    ],
)
def test_a_full_disk_or_a_taken_port_costs_no_request(stage: Stage, scenario: Scenario) -> None:
    assert scenario(stage).lost == 0


def test_r116_requests_of_a_vllm_engine_that_hangs_are_finished_by_another(tmp_path: Path) -> None:
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    with ExitStack() as stack:
        model = write_tiny_llama(tmp_path / MODEL)
        (outcome,) = engines_fail(Stage(tmp_path, model, stack), [signal.SIGSTOP])
    assert outcome.lost == 0
    assert outcome.saw.endswith(" ok"), outcome
