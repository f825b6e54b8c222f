"""The type texts of the catalogues mean what they say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.engines.argument_types import (
    accepts,
    converted,
    human_readable_int,
    in_words,
    size_from_text,
)

INTEGERS = "int"
MAYBE_INT = "int | null"
NAMES = "str | list[str] | null"
LIMITS = "dict[str, int | dict[str, int]]"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (INTEGERS, 16),
        (MAYBE_INT, None),
        ("float", 0.9),
        ("float", 1),
        ("bool", False),
        (NAMES, "one"),
        (NAMES, ["one", "two"]),
        (NAMES, []),
        ("list[int | str]", [0, "GPU-1"]),
        (LIMITS, {"image": 2, "video": {"count": 1}}),
        ("dict[str, any]", {"a": [1, {"b": None}]}),
        ("dict", {"a": 1}),
        ("KVTransferConfig | null", {"kv_role": "kv_both"}),
        ("list[list[int]]", [[1], [2, 3]]),
        ("any", object()),
    ],
)
def test_a_value_of_the_type_is_accepted(text: str, value: Any) -> None:
    assert accepts(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (INTEGERS, None),
        (INTEGERS, "16"),
        (INTEGERS, 16.0),
        (INTEGERS, True),
        ("float", True),
        ("float", "0.9"),
        ("bool", 1),
        ("bool", "true"),
        ("str", 5),
        (NAMES, 5),
        (NAMES, ["one", 2]),
        ("list[int]", 3),
        (LIMITS, {"image": "two"}),
        (LIMITS, {1: 2}),
        ("KVTransferConfig | null", "NixlConnector"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, value: Any) -> None:
    assert not accepts(text, value)


@pytest.mark.parametrize(
    ("text", "value", "meant"),
    [
        (INTEGERS, "16", 16),
        (INTEGERS, "4k", 4000),
        (INTEGERS, 16.0, 16),
        (MAYBE_INT, "many", None),
        (INTEGERS, 16.5, None),
        ("float", "0.5", 0.5),
        ("bool", "Yes", True),
        ("bool", 0, False),
        ("list[str] | null", "one", ["one"]),
        ("str", 5, "5"),
        ("KVEventsConfig | null", '{"publisher": "zmq"}', {"publisher": "zmq"}),
    ],
)
def test_the_value_that_was_meant_is_found(text: str, value: Any, meant: Any) -> None:
    found = converted(text, value)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        ("4k", 4000),
        ("4K", 4096),
        ("25.6k", 25600),
        ("1M", 1 << 20),
        ("2g", 2 * 10**9),
        (" 8k ", 8000),
        ("-1", -1),
        ("1.5K", None),
        ("1.5", None),
        ("4 k", None),
        ("4kk", None),
        ("", None),
        ("auto", None),
    ],
)
def test_sizes_are_read_as_vllm_reads_them(text: str, number: int | None) -> None:
    assert human_readable_int(text) == number


@given(st.text())
def test_any_text_is_a_number_or_none(text: str) -> None:
    assert human_readable_int(text) is None or any(char.isdigit() for char in text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MAYBE_INT, "an integer or null"),
        ("list[str]", "a list, each item a text"),
        ("bool", "true or false"),
        (LIMITS, "a mapping"),
        ("KVTransferConfig", "a mapping with the fields of KVTransferConfig"),
    ],
)
def test_a_type_is_described_in_words(text: str, words: str) -> None:
    assert in_words(text) == words


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4096", 4096),
        ("25.6k", 25_600),
        ("1M", 10**6),
        ("4Ki", 4096),
        (" 2Gi ", 2 * 2**30),
        ("1.5Ki", None),
        ("4K", None),
        ("4ki", None),
        ("-1", None),
        ("1.5", None),
    ],
)
def test_sglang_reads_sizes_with_decimal_and_iec_units(text: str, number: int | None) -> None:
    assert size_from_text(text, "iec") == number
