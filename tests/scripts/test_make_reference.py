"""The reference of settings says what the schema says."""

from pathlib import Path

import pytest

from dynamo.config.fields import leaves
from dynamo.config.schema import BACKENDS, Config
from scripts.make_reference import reference_text

ROOT = Path(__file__).parents[2]


def every_path() -> set[str]:
    paths = {field.path for field in leaves(Config)}
    for owner in BACKENDS.values():
        paths |= {field.path for field in leaves(owner, "backend.")}
    return paths


def test_the_committed_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text() == reference_text(), "run: make docs"


@pytest.mark.parametrize("path", sorted(every_path()))
def test_every_setting_has_one_line_with_a_meaning(path: str) -> None:
    lines = [line for line in reference_text().splitlines() if line.startswith(f"| `{path}` ")]
    assert len(lines) == 1
    assert len(lines[0].split(" | ")[3]) > len("Meaning.")


def test_every_option_of_every_group_is_listed() -> None:
    text = reference_text()
    groups = {folder for folder in (ROOT / "conf").iterdir() if folder.is_dir()}
    options = {(folder.name, file.stem) for folder in groups for file in folder.rglob("*.yaml")}
    several = {
        (group, option) for group, option in options if sum(g == group for g, _ in options) > 1
    }
    assert several
    assert {one for one in several if f"`{one[0]}={one[1]}`" not in text} == set()
