"""Every committed preset survives the way to a command line and back, exactly."""

import functools

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.plan import LaunchPlan
from dynamo.launcher.planning import plan_launch
from tests.launcher.importer.roundtrip import ROOT, SERVER, command, from_script

PRESETS = sorted(
    str(file.relative_to(ROOT / "conf/preset").with_suffix(""))
    for file in (ROOT / "conf/preset").rglob("*.yaml")
)


@functools.cache
def planned(preset: str) -> LaunchPlan:
    config = compose_config([f"preset={preset}"], {}, ROOT / "conf").config
    assert config is not None
    return plan_launch(config, SERVER)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_comes_back_from_its_command_line_with_the_same_engine(preset: str) -> None:
    plan = planned(preset)
    done = from_script(command(plan))
    assert done.refused == ()
    assert done.plan is not None
    assert done.plan.engine == plan.engine
