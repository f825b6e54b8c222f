"""Override texts are read back by Hydra as the same value."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dynamo.config.assignment import override_text

PARSER = OverridesParser.create()

printable = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | printable


def read_back(value: Any) -> Any:
    override = PARSER.parse_override(f"key={override_text(value)}")
    tree = OmegaConf.to_container(OmegaConf.create({"key": override.value()}), resolve=True)
    assert isinstance(tree, dict)
    return tree["key"]


@given(scalars)
def test_any_scalar_survives(value: Any) -> None:
    assert read_back(value) == value


@given(st.lists(scalars, max_size=4))
def test_any_list_survives(value: list[Any]) -> None:
    assert read_back(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "it's",
        "C:\\",
        "$HOME/${NOT_A_REFERENCE}",
        "\\${x}",
        "a,b",
        "[x]",
        "{a:1}",
        "null",
        "true",
        "",
    ],
)
def test_texts_that_look_like_grammar_stay_texts(value: str) -> None:
    assert read_back(value) == value


def test_a_mapping_survives() -> None:
    value = {"kv_connector": "NixlConnector", "extra": {"path": "/a b", "n": [1, None, True]}}
    assert read_back(value) == value
