"""`deployment=fleet`: one command line becomes the command lines of several processes."""

import contextlib
import io
from typing import Any

import pytest
import yaml

from dynamo.launcher.cli import run_once
from dynamo.launcher.report import EXIT_BAD_INPUT

pytestmark = pytest.mark.slow

FLEET = ["deployment=fleet", "backend=mocker", "fleet.directory=run"]
PAIR = ["fleet.aggregated.replicas=0", "fleet.prefill.replicas=1", "fleet.decode.replicas=2"]

Plan = dict[str, Any]


def planned(*overrides: str) -> Plan:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert run_once([*FLEET, *overrides, "action=plan"]) == 0
    plan: Plan = yaml.safe_load(printed.getvalue())
    return plan


@pytest.fixture(scope="module")
def whole() -> Plan:
    """The plan of a frontend and two workers."""
    return planned("runtime.system_port=9000", "fleet.frontend.replicas=2")


@pytest.fixture(scope="module")
def pair() -> Plan:
    """The plan of workers for prefill and decode, with settings for all and for some."""
    own = "fleet.decode.overrides=['backend.engine.max_num_seqs=9']"
    secret = ["store=etcd", "store.etcd_username=me", "store.etcd_password=geheim"]
    dump = "runtime.dump_config_to=/tmp/run/dump.json"
    return planned(*PAIR, *secret, own, dump, "backend.engine.max_num_seqs=4")


def overrides_of(plan: Plan, name: str) -> list[str]:
    (member,) = [each for each in plan["members"] if each["name"] == name]
    return list(member["overrides"])


def test_a_fleet_has_frontends_and_workers_by_number(whole: Plan) -> None:
    names = [member["name"] for member in whole["members"]]
    assert names == ["frontend-0", "frontend-1", "aggregated-0", "aggregated-1"]
    assert whole["frontend"]["port"] == 8000


def test_processes_meet_in_a_directory_of_the_fleet(whole: Plan) -> None:
    assert all("store.path='run/store'" in member["overrides"] for member in whole["members"])


def test_each_process_has_ports_of_its_own(whole: Plan) -> None:
    assert {member["name"]: member["ports"] for member in whole["members"]} == {
        "frontend-0": {"frontend.port": 8000},
        "frontend-1": {"frontend.port": 8001},
        "aggregated-0": {"runtime.system_port": 9000},
        "aggregated-1": {"runtime.system_port": 9001},
    }
    assert "runtime.system_port=9001" in overrides_of(whole, "aggregated-1")


def test_every_process_has_the_whole_command_line_and_its_role(pair: Plan) -> None:
    for name, role in (("prefill-0", "prefill"), ("decode-0", "decode"), ("decode-1", "decode")):
        own = overrides_of(pair, name)
        assert {f"role={role}", "frontend=none", "fleet.enabled=false", "store=etcd"} <= set(own)
        assert "++backend.engine.max_num_seqs=4" in own
        assert not any(text.startswith(("fleet.prefill", "action")) for text in own)
    assert {"action=frontend", "frontend=embedded"} <= set(overrides_of(pair, "frontend-0"))


def test_overrides_of_one_role_come_last(pair: Plan) -> None:
    seqs = [text for text in overrides_of(pair, "decode-0") if "max_num_seqs" in text]
    assert seqs == ["++backend.engine.max_num_seqs=4", "backend.engine.max_num_seqs=9"]
    assert not any("=9" in text for text in overrides_of(pair, "prefill-0"))


def test_r34_every_process_writes_a_file_of_its_own(pair: Plan) -> None:
    own = overrides_of(pair, "decode-1")
    assert own[-1] == "runtime.dump_config_to='/tmp/run/dump.decode-1.json'"


def test_secrets_are_not_shown(pair: Plan) -> None:
    assert "geheim" not in str(pair)


def test_workers_of_vllm_hand_over_at_ports_of_their_own() -> None:
    plan = planned(*PAIR, "backend=vllm", "connector=nixl", "backend.device=cpu", "frontend=none")
    assert plan["frontend"] is None
    ports = [member["ports"]["backend.nixl_side_channel_port"] for member in plan["members"]]
    assert ports == [5600, 5601, 5602]


def test_all_problems_are_reported_at_once_and_each_names_who_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = [
        "fleet.decode.overrides=['backend.engine.no_such=1']",
        "fleet.prefill.overrides=['runtime.no_such=1']",
        "backend.engine.block_size=0",
    ]
    assert run_once([*FLEET, *PAIR, *wrong, "action=check"]) == EXIT_BAD_INPUT
    text = capsys.readouterr().err
    assert "runtime.no_such = 1  (command line, for prefill)" in text
    assert "backend.engine.no_such = 1  (command line, for decode)" in text
    assert "block_size must be at least 1" in text


@pytest.mark.parametrize("action", ["bench", "frontend"])
def test_actions_of_one_process_are_refused(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_once([*FLEET, f"action={action}"]) == EXIT_BAD_INPUT
    assert "is an action of one process" in capsys.readouterr().err


def test_the_engines_own_command_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_once([*FLEET, "backend=vllm", "backend.device=cpu", "action=command"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# aggregated-0"
    assert sum("vllm serve" in line for line in lines) == 2


def test_the_fleets_settings_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_once([*FLEET, "action=explain"]) == 0
    assert "fleet.aggregated.replicas = 2" in capsys.readouterr().out
