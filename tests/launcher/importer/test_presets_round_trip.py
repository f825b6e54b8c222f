"""Every committed preset survives the way to a command line or a manifest and back, exactly."""

import functools
from dataclasses import replace

import pytest

from dynamo.config.compose import compose_config
from dynamo.launcher.fleet_planning import compose_samples
from dynamo.launcher.importer.cli import imported
from dynamo.launcher.importer.manifest import read_manifest
from dynamo.launcher.manifest.graph import manifest_text
from dynamo.launcher.manifest.member import Member, planned_member
from dynamo.launcher.planning import plan_launch
from tests.launcher.importer.roundtrip import ROOT, SERVER, command, from_script

pytestmark = pytest.mark.slow

PRESETS = sorted(
    str(file.relative_to(ROOT / "conf/preset").with_suffix(""))
    for file in (ROOT / "conf/preset").rglob("*.yaml")
)


@functools.cache
def members(preset: str) -> dict[str, Member]:
    """Return the workers of a preset by their service: one, or those of a fleet."""
    composition = compose_config([f"preset={preset}"], {}, ROOT / "conf")
    config = composition.config
    assert config is not None
    if not config.fleet.enabled:
        one = planned_member(plan_launch(config, SERVER), config, composition.sources)
        return {one.name: one}
    samples = compose_samples(config, composition, SERVER, "outputs", {})
    found = [
        planned_member(sample.plan, sample.composition.config, sample.composition.sources)
        for role, sample in samples.items()
        if role != "frontend" and sample.plan and sample.composition.config
    ]
    return {one.name: one for one in found}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_comes_back_from_its_command_line_with_the_same_engine(preset: str) -> None:
    for one in members(preset).values():
        done = from_script(command(one.plan))
        assert done.refused == ()
        assert done.plan is not None
        assert done.plan.engine == one.plan.engine


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_comes_back_from_its_manifest_with_the_same_engine(preset: str) -> None:
    text = manifest_text(list(members(preset).values()))
    for name, one in members(preset).items():
        done = imported(read_manifest(text, name), SERVER)
        assert done.refused == ()
        assert done.plan is not None
        variables = one.plan.engine.environment
        elsewhere = {name: value for name, value in variables.items() if value != "127.0.0.1"}
        assert done.plan.engine == replace(one.plan.engine, environment=elsewhere)
