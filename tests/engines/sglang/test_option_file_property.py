"""Whatever an option file holds, each line is adopted or reported, and nothing is raised."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamo.config.adoption import checked_adoption
from dynamo.config.machine import Machine
from dynamo.config.overrides import Vocabulary
from dynamo.config.schema_index import schema_index
from dynamo.engines.catalogue import load
from dynamo.engines.sglang.option_file import adopt

pytestmark = pytest.mark.slow

KEYS = st.sampled_from(sorted(load("sglang").spellings)) | st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = Vocabulary(schema_index(), frozenset({"role", "store"}), lambda _group: ("prefill", "etcd"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("option file") / "sglang.yaml"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(options=st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_line_is_adopted_or_reported(file: Path, options: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(options, allow_unicode=True), "utf-8")
    said = adopt({"config": str(file), "config_key": None, "version": None}, Machine())
    checked = checked_adoption(said, [], NAMES)
    kept = {line.key for line in said.assignments}
    assert {line.key for line in checked.assignments} <= kept
    assert len(checked.assignments) + len(checked.problems) >= len(said.assignments)


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_read_or_refused(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    said = adopt({"config": str(file), "config_key": None, "version": None}, Machine())
    assert said.problems == () or said.assignments == ()
    for problem in said.problems:
        assert (problem.rule, problem.path) == ("R145", "backend.config")
