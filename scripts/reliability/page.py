"""The sections of docs/reliability.md that programs write, each between two comments."""

from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def write_section(name: str, text: str) -> None:
    """Replace what stands between the marks of a section.

    Raises:
        ValueError: the page has no such section.
    """
    PAGE.write_text(with_section(PAGE.read_text(), name, text))


def read_section(name: str) -> str:
    """Return what stands between the marks of a section."""
    return PAGE.read_text().split(f"<!-- {name} -->\n")[1].split(f"<!-- end of {name} -->\n")[0]


def with_section(page: str, name: str, text: str) -> str:
    """Return the page with another text in a section."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, rest = page.split(begin)
    return before + begin + text + end + rest.split(end)[1]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def table_rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a table in Markdown by their first cells, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]
    return {row[0]: row for row in rows}
