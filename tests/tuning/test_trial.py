"""The key of a trial: equal exactly when a recorded result can be taken over."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.plan import LaunchPlan
from dynamo.tuning.trial import trial_key
from tests.tuning.plans import engine_plan, launch_plan

VERSIONS = {"vllm": "0.32.0"}


def test_the_same_plan_has_the_same_key() -> None:
    assert trial_key(launch_plan(), VERSIONS) == trial_key(launch_plan(), dict(VERSIONS))


@pytest.mark.parametrize(
    "other",
    [
        launch_plan(concurrency=3),
        launch_plan(seed=1),
        launch_plan(engine_plan(max_num_seqs=3)),
        launch_plan(engine_plan({"OMP_NUM_THREADS": "2"})),
        replace(launch_plan(), role="prefill"),
    ],
    ids=["load", "seed", "engine argument", "environment", "role"],
)
def test_whatever_can_change_the_result_changes_the_key(other: LaunchPlan) -> None:
    assert trial_key(other, VERSIONS) != trial_key(launch_plan(), VERSIONS)


def test_another_engine_version_changes_the_key() -> None:
    assert trial_key(launch_plan(), {"vllm": "0.33.0"}) != trial_key(launch_plan(), VERSIONS)


def test_notes_and_the_dump_file_do_not_change_the_key() -> None:
    annotated = replace(launch_plan(), notes=("chosen for you",), dump_config_to="dump.json")
    assert trial_key(annotated, VERSIONS) == trial_key(launch_plan(), VERSIONS)


def test_what_is_free_at_the_moment_does_not_change_the_key() -> None:
    now, later = (replace(launch_plan(), memory=cast(MemoryPlan, Estimate(n))) for n in (1, 2))
    assert trial_key(now, VERSIONS) == trial_key(later, VERSIONS)


@dataclass(frozen=True)
class Estimate:
    """Stands for an estimate of memory."""

    free_bytes: int
