"""Rules of the reference documents about the way from a command line to a plan."""

from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.launcher.checking import all_problems
from dynamo.launcher.cli import main
from dynamo.launcher.planning import plan_launch

CONF = Path(__file__).parents[2] / "conf"
SERVER = Machine(gpus=8, cpu_threads=64, memory_bytes=2**39, engine_versions={"vllm": "0.32.0"})
CLUSTER = "deployment=cluster"
EVENTS = "backend.engine.kv_events_config"


def compose(*overrides: str, **environ: str) -> Composition:
    return compose_config(overrides, environ, CONF)


def plan(*overrides: str, **environ: str) -> LaunchPlan:
    composition = compose(*overrides, **environ)
    assert composition.config is not None
    assert [problem for problem in all_problems(composition, SERVER) if problem.fatal] == []
    return plan_launch(composition.config, SERVER)


@pytest.mark.parametrize(
    ("override", "variable"),
    [("request_plane=bogus", ""), ("", "DYN_REQUEST_PLANE"), ("backend.sleep_mode_level=9", "")],
)
def test_r13_a_value_outside_the_allowed_set_ends_with_status_2_wherever_it_came_from(
    override: str,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if variable:
        monkeypatch.setenv(variable, "bogus")
    assert main(["action=check", *([override] if override else [])]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err


def test_r17_the_version_is_printed_and_the_status_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert "dynamo-launch" in capsys.readouterr().out


def test_r38_problems_of_every_step_stand_in_one_report() -> None:
    composition = compose(
        "runtime.namespce=blue",
        "backend.engine.max_num_seqs=many",
        "backend.engine.stream_interval=4",
        "connector=lmcache",
        "backend.engine.kv_transfer_config={kv_connector:NixlConnector,kv_role:kv_both}",
        DYN_DURABLE_KV_EVENTS="maybe",
    )
    paths = {problem.path for problem in all_problems(composition, SERVER)}
    assert paths >= {
        "DYN_DURABLE_KV_EVENTS",
        "runtime.namespce",
        "backend.engine.max_num_seqs",
        "backend.engine.stream_interval",
        "backend.engine.kv_transfer_config",
    }


def test_r39_the_engine_gets_its_own_arguments_and_none_of_dynamos() -> None:
    arguments = plan("backend.engine.max_num_seqs=4", "runtime.namespace=blue").engine.arguments
    assert arguments["max_num_seqs"] == 4
    assert "namespace" not in arguments


def test_r39_what_neither_side_knows_is_refused() -> None:
    problems = all_problems(compose("backend.engine.max_num_sequences=4"), SERVER)
    assert [problem.path for problem in problems if problem.fatal] == [
        "backend.engine.max_num_sequences"
    ]


def test_r41_dynamos_defaults_kv_transfer_and_kv_events_are_filled_in() -> None:
    built = plan(CLUSTER, "backend=vllm")
    arguments = built.engine.arguments
    assert arguments["runner"] == "generate"
    assert arguments["enable_prefix_caching"] is True
    assert arguments["kv_transfer_config"]["kv_connector"] == "NixlConnector"
    assert arguments["kv_events_config"]["endpoint"] == "tcp://*:20080"
    assert built.registration.use_kv_events


OWN = "backend.engine.kv_transfer_config={kv_connector:NixlConnector,kv_role:kv_producer}"


@pytest.mark.parametrize("start", [(CLUSTER,), (CLUSTER, "role=prefill"), ()])
def test_r50_an_own_configuration_replaces_a_connector_that_nobody_chose(
    start: tuple[str, ...],
) -> None:
    built = plan(*start, OWN)
    assert built.engine.arguments["kv_transfer_config"]["kv_role"] == "kv_producer"
    assert any("(R50)" in note for note in built.notes)


@pytest.mark.parametrize(
    ("chosen", "environ"),
    [
        (["connector=nixl"], {}),
        (["connector.chain.nixl.kv_role=kv_both"], {}),
        ([], {"DYN_CONNECTOR": "nixl"}),
        (["preset=vllm_lmcache"], {}),
    ],
)
def test_r50_an_own_configuration_contradicts_a_connector_that_somebody_chose(
    chosen: list[str], environ: dict[str, str]
) -> None:
    composition = compose(CLUSTER, *chosen, OWN, **environ)
    refused = {problem.rule for problem in all_problems(composition, SERVER) if problem.fatal}
    assert refused == {"R50"}


def test_r51_without_a_choice_a_cluster_worker_uses_nixl_and_a_local_one_nothing() -> None:
    cluster, local = plan(CLUSTER), plan()
    assert cluster.engine.arguments["kv_transfer_config"]["kv_connector"] == "NixlConnector"
    assert local.engine.arguments.get("kv_transfer_config") is None


@pytest.mark.parametrize("enabled", [True, False])
def test_r76_the_enable_flag_switches_publishing_on_and_off(enabled: bool) -> None:
    flag = f"{EVENTS}={{publisher:zmq,enable_kv_cache_events:{str(enabled).lower()}}}"
    assert plan(CLUSTER, flag).registration.use_kv_events is enabled
