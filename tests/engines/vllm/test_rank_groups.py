"""Data-parallel ranks in several processes: who leads, and what cannot work (R105)."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.plan import RankGroup
from dynamo.config.schema import Config
from dynamo.engines.vllm.planning import check, command, worker_command
from dynamo.engines.vllm.rank_groups import rank_group
from dynamo.launcher.planning import plan_launch

Build = Callable[..., Config]

GPU = Machine(gpus=1)
SHARED = {"data_parallel_size": 2, "data_parallel_size_local": 1}
SECOND = {**SHARED, "data_parallel_start_rank": 1}
HERE = "127.0.0.1:29550"


@pytest.mark.parametrize(
    ("engine", "headless", "group"),
    [
        ({}, False, None),
        ({"data_parallel_size": 2}, False, None),
        ({"data_parallel_size": 2, "data_parallel_size_local": 2}, False, None),
        (SHARED, False, RankGroup(HERE, leads=True)),
        ({**SHARED, "data_parallel_size_local": 0}, False, RankGroup(HERE, leads=True)),
        (SECOND, True, RankGroup(HERE, leads=False)),
        (
            {**SECOND, "data_parallel_address": "node-0", "data_parallel_rpc_port": 5},
            True,
            RankGroup("node-0:5", leads=False),
        ),
        (
            {"data_parallel_size": 2, "nnodes": 2, "master_addr": "node-0"},
            False,
            RankGroup("node-0:29550", leads=True),
        ),
        ({"nnodes": 2}, False, None),
        # Balanced from outside: each takes requests of its own.
        ({"data_parallel_size": 2, "data_parallel_rank": 0}, False, None),
        ({"data_parallel_size": 2, "data_parallel_rank": 1}, False, None),
        ({**SHARED, "data_parallel_hybrid_lb": True}, False, None),
        (SECOND, False, None),
    ],
)
def test_r105_one_process_of_a_group_leads(
    build: Build, engine: dict[str, Any], headless: bool, group: RankGroup | None
) -> None:
    assert rank_group(build(engine, headless=headless), engine) == group


def test_r105_a_process_that_does_not_lead_opens_nothing_for_clients(build: Build) -> None:
    config = build(SECOND, headless=True)
    config.frontend.kind = "embedded"
    config.control.port = 0
    plan = plan_launch(config, GPU)
    assert (plan.frontend, plan.control) == (None, None)
    config.backend.headless = False  # type: ignore[attr-defined]
    plan = plan_launch(config, GPU)
    assert None not in (plan.frontend, plan.control)


@pytest.mark.parametrize(
    ("engine", "paths"),
    [
        (SECOND, []),
        ({"data_parallel_size": 2, "nnodes": 2}, []),
        ({}, ["data_parallel_size", "data_parallel_size_local", "data_parallel_start_rank"]),
        (SHARED, ["data_parallel_start_rank"]),
        ({**SECOND, "data_parallel_rank": 1}, ["data_parallel_rank"]),
        ({**SECOND, "data_parallel_hybrid_lb": True}, ["data_parallel_hybrid_lb"]),
        ({"data_parallel_size": 2, "nnodes": 4}, ["nnodes"]),
    ],
)
def test_r105_a_process_without_endpoint_needs_a_leader(
    build: Build, engine: dict[str, Any], paths: list[str]
) -> None:
    problems = check(build(engine, headless=True), GPU)
    assert [problem.path for problem in problems] == [f"backend.engine.{path}" for path in paths]
    assert {(problem.rule, problem.fatal) for problem in problems} <= {("R105", True)}


@pytest.mark.parametrize(("headless", "fatal"), [(True, True), (False, False)])
def test_r105_a_group_cannot_meet_in_the_memory_of_one_process(
    build: Build, headless: bool, fatal: bool
) -> None:
    engine = SECOND if headless else SHARED
    (problem,) = check(build(engine, headless=headless, store="mem"), GPU)
    assert (problem.path, problem.rule, problem.fatal) == ("store.kind", "R105", fatal)
    assert problem.suggestion == "store=file"


def test_r105_ranks_of_another_process_cannot_be_measured_alone(build: Build) -> None:
    config = build(SECOND, headless=True)
    config.action = "bench"
    (problem,) = check(config, GPU)
    assert (problem.path, problem.suggestion) == ("backend.headless", "backend.headless=false")


def test_r105_command_lines_say_headless(build: Build) -> None:
    following = plan_launch(build(SECOND, headless=True), GPU)
    leading = plan_launch(build(SHARED), GPU)
    assert "--headless" in command(following).split()
    assert "--headless" in worker_command(following).words
    assert "--headless" not in (*command(leading).split(), *worker_command(leading).words)
