"""The page of faults and soaks is written by programs, section by section."""

import pytest

from scripts.reliability.page import PAGE, table, table_rows, with_section
from tests.soak.test_fleet import KINDS

SECTIONS = (
    "faults", "kills with mock", "kills with vllm", "memory with mock", "memory with vllm",
    *(f"fleet {kind}" for kind in KINDS),
)  # fmt: skip


def test_a_section_is_replaced_and_nothing_else() -> None:
    page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n<!-- y -->\n<!-- end of y -->\n"
    assert with_section(page, "x", "new\n") == page.replace("old", "new")
    assert with_section(page, "y", "new\n") == page.replace("y -->\n<!--", "y -->\nnew\n<!--")


@pytest.mark.parametrize("name", SECTIONS)
def test_every_result_has_its_place_on_the_page(name: str) -> None:
    page = PAGE.read_text()
    assert f"<!-- {name} -->\n" in page
    assert "new text\n" in with_section(page, name, "new text\n")


def test_a_table_is_written_in_markdown() -> None:
    text = table(("a", "b"), [("1", "2"), ("3", "4")])
    assert text == "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n"
    assert table_rows(f"before\n{text}after\n") == {"1": ["1", "2"], "3": ["3", "4"]}
