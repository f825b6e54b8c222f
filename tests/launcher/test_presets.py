"""Every committed preset composes, passes its checks and renders as recorded.

After a deliberate change: `python -m scripts.update_golden`, and read the difference.
"""

import functools
from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.rules.fleet import check_fleet
from dynamo.config.schema import Config
from dynamo.engines.planners import planner
from dynamo.launcher.checking import all_problems
from dynamo.launcher.fleet import command_text, fleet_manifest, fleet_text
from dynamo.launcher.fleet_planning import Sample, compose_samples, distinct, plan_fleet
from dynamo.launcher.manifest.graph import manifest_text
from dynamo.launcher.manifest.member import planned_member
from dynamo.launcher.planning import plan_launch
from dynamo.launcher.show import plan_text
from tests.models import known_models

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DIRECTORY = "outputs/fleet/DATE/TIME"
GOLDEN = ROOT / "tests" / "data" / "golden"
PRESETS = sorted(
    str(file.relative_to(ROOT / "conf/preset").with_suffix(""))
    for file in (ROOT / "conf/preset").rglob("*.yaml")
)
H200_BYTES = 150_110_011_392
"""139.8 GiB, which programs can have of an H200's 141 GB."""
SERVER = Machine(
    gpus=8,
    gpu_memory_bytes=(H200_BYTES,) * 8,
    cpu_threads=64,
    memory_bytes=512 * 2**30,
    engine_versions={"vllm": "0.32.0", "sglang": "0.5.20"},
    models=known_models(),
)


@functools.cache
def composed(preset: str) -> Composition:
    return compose_config([f"preset={preset}"], {}, ROOT / "conf")


@functools.cache
def without_preset() -> Composition:
    return compose_config([], {}, ROOT / "conf")


def rendered(preset: str) -> dict[str, str]:
    """Return the golden files of a preset by name; scripts/update_golden.py writes them."""
    config = composed(preset).config
    assert config is not None
    if config.fleet.enabled:
        return rendered_fleet(preset, config)
    plan = plan_launch(config, SERVER)
    worker = planned_member(plan, config, composed(preset).sources)
    return {
        f"{preset}.plan.yaml": plan_text(plan) + "\n",
        f"{preset}.command.sh": planner(config.backend.name).command(plan) + "\n",
        f"{preset}.manifest.yaml": manifest_text([worker]) + "\n",
    }


@functools.cache
def samples(preset: str) -> dict[str, Sample]:
    config = composed(preset).config
    assert config is not None
    return compose_samples(config, composed(preset), SERVER, DIRECTORY, {})


def rendered_fleet(preset: str, config: Config) -> dict[str, str]:
    plan, problems = plan_fleet(config, samples(preset), DIRECTORY, list("01234567"))
    assert plan is not None
    assert problems == []
    return {
        f"{preset}.plan.yaml": fleet_text(plan) + "\n",
        f"{preset}.command.sh": command_text(plan, samples(preset)) + "\n",
        f"{preset}.manifest.yaml": fleet_manifest(config, samples(preset)) + "\n",
    }


def all_rendered() -> dict[str, str]:
    """Return the golden files of all presets."""
    return {name: text for preset in PRESETS for name, text in rendered(preset).items()}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_no_problem(preset: str) -> None:
    config = composed(preset).config
    if config is not None and config.fleet.enabled:
        assert check_fleet(config) == []
        assert distinct(samples(preset)) == []
        return
    assert all_problems(composed(preset), SERVER) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_changes_the_configuration(preset: str) -> None:
    assert composed(preset).values != without_preset().values


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_begins_with_the_line_that_runs_it(preset: str) -> None:
    lines = (ROOT / "conf/preset" / f"{preset}.yaml").read_text().splitlines()
    assert lines[:2] == ["# @package _global_", f"# python launch.py preset={preset}"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_renders_as_recorded(preset: str) -> None:
    for name, text in rendered(preset).items():
        assert text == (GOLDEN / name).read_text(), name
