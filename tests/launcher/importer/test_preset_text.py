"""Whatever a value is, the preset holds exactly that value."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dynamo.config.problems import Problem
from dynamo.engines.importing import Found
from dynamo.launcher.importer.preset import preset_text
from dynamo.launcher.importer.server import VLLM
from dynamo.launcher.importer.translate import Translation

pytestmark = pytest.mark.slow

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["1e3", "0x10", "yes", "No", "~", "null", "2024-01-01", "1_000", ".5", ".inf", "a: b", "- a",
     "${a}", "\\${a}", "\\\\${a}", "a\\", "# a", "'", '"', "0o7", "1:30", "=", "<<", "@x", "`"]
)  # fmt: skip
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
).filter(lambda value: "???" not in str(value))


def text_of(**parts: Any) -> str:
    return preset_text("x", Translation(VLLM, Found(worker=False, **parts)))


@settings(deadline=None)
@given(VALUE)
def test_a_value_is_read_back_unchanged(value: object) -> None:
    text = text_of(engine={"hf_overrides": {"value": value}})
    read = OmegaConf.to_container(OmegaConf.create(text), resolve=True)
    assert isinstance(read, dict)
    assert read["backend"]["engine"]["hf_overrides"]["value"] == value


@settings(deadline=None)
@given(TEXT, TEXT)
def test_comments_stay_comments_whatever_is_in_them(path: str, message: str) -> None:
    text = text_of(left_out=(Problem(path, message, message, fatal=False),))
    assert yaml.safe_load(text) == {"defaults": None}


def test_a_preset_begins_with_the_line_that_runs_it() -> None:
    lines = text_of(groups={"backend": "vllm", "deployment": "local"}).splitlines()
    assert lines == [
        "# @package _global_",
        "# python launch.py preset=x",
        "# Imported from a command line of vllm serve.",
        "defaults:",
        "  - override /deployment: local",
        "  - override /backend: vllm",
    ]


def test_a_secret_in_a_listed_value_is_not_written() -> None:
    assert "hush" not in text_of(left_out=(Problem("--api-key", "hush", "x", fatal=False),))
