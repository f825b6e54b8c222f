"""Command lines that real documents show become presets that start the same engine.

After a deliberate change: `python -m scripts.update_golden`, and read the difference.
"""

import contextlib
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dynamo.config.plan import LaunchPlan
from dynamo.launcher.importer.preset import preset_text
from dynamo.launcher.importer.verify import Verified
from tests.launcher.importer.roundtrip import ROOT, command, from_script

pytestmark = pytest.mark.slow

GOLDEN = ROOT / "tests" / "data" / "imported"
OPTIONS = "cache_transceiver_config:\n  backend: DEFAULT\n"
"""Stands for the file in Dynamo's image that one of the lines names."""


@dataclass(frozen=True)
class PublicLine:
    """A command line of a public document."""

    name: str
    source: str
    script: str
    left_out: list[str]
    needs_file: bool = False


LINES = [
    PublicLine(**entry)
    for entry in yaml.safe_load((ROOT / "tests/data/public_command_lines.yaml").read_text())
]
by_name = pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])


@functools.cache
def done(script: str, needs_file: bool) -> Verified:
    with contextlib.ExitStack() as stack:
        if needs_file:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            file = folder / "examples/backends/trtllm/engine_configs/qwen3/prefill.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(OPTIONS)
            stack.enter_context(contextlib.chdir(folder))
        return from_script(script)


def imported(line: PublicLine) -> Verified:
    return done(line.script, line.needs_file)


def plan_of(line: PublicLine) -> LaunchPlan:
    plan = imported(line).plan
    assert plan is not None, imported(line).refused
    return plan


def all_rendered() -> dict[str, str]:
    """Return the golden files: every line as a preset."""
    return {
        f"{line.name}.yaml": preset_text(line.name, imported(line).translation) for line in LINES
    }


def test_ten_lines_or_more_come_from_dynamo_vllm_and_sglang() -> None:
    sources = [line.source for line in LINES]
    for project in ("ai-dynamo/dynamo", "vllm-project/vllm", "sglang"):
        assert sum(project in source for source in sources) >= 4
    assert len(LINES) >= 10


@by_name
def test_a_public_line_becomes_the_preset_on_record(line: PublicLine) -> None:
    text = preset_text(line.name, imported(line).translation)
    assert text == (GOLDEN / f"{line.name}.yaml").read_text()


@by_name
def test_what_a_public_line_says_beyond_a_preset_is_listed(line: PublicLine) -> None:
    found = imported(line).translation.found
    assert [problem.path for problem in found.left_out] == line.left_out


@by_name
def test_every_argument_of_a_public_line_reaches_the_engine(line: PublicLine) -> None:
    engine = imported(line).translation.found.engine
    planned = plan_of(line).engine.arguments
    assert {name: planned.get(name) for name in engine} == dict(engine)


@by_name
def test_a_public_line_comes_back_from_its_native_command_line(line: PublicLine) -> None:
    plan = plan_of(line)
    again = from_script(command(plan)).plan
    assert again is not None
    assert again.engine == plan.engine


def test_the_same_setting_in_json_and_in_dotted_flags_is_one_engine() -> None:
    plans = {line.name: plan_of(line) for line in LINES if line.name.startswith("vllm_eplb")}
    assert plans["vllm_eplb_json"].engine == plans["vllm_eplb_dotted"].engine


def test_a_connector_and_the_mapping_that_stands_for_it_are_one_engine() -> None:
    plans = {line.name: plan_of(line) for line in LINES if "vllm_kvbm" in line.name}
    one, other = plans.values()
    assert one.engine == other.engine
