"""What stands behind a rule: the functions that say its number and the tests that name it.

Both are read from the source; nothing is imported. A function names its rules first in its
docstring ("R49: ...", "R52 to R54: ..."), a test in its name (test_r49_...).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RULES_FIRST = re.compile(r"(R\d+(?:(?:, | and | to )R\d+)*):")
TEST_NAME = re.compile(r"test((?:_r\d+)+)_")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Evidence:
    """One function and the rules that it is about."""

    rules: tuple[int, ...]
    file: str
    """Path below the root of the project."""
    name: str


def functions(root: Path) -> list[Evidence]:
    """Return every function of dynamo/ whose docstring begins with numbers of rules."""
    found = []
    for file, node in _functions(root / "dynamo"):
        match = RULES_FIRST.match(ast.get_docstring(node) or "")
        if match:
            where = str(file.relative_to(root))
            found.append(Evidence(tuple(numbers(match.group(1))), where, node.name))
    return found


def tests(root: Path) -> list[Evidence]:
    """Return every test whose name begins with numbers of rules."""
    found = []
    for file, node in _functions(root / "tests"):
        match = TEST_NAME.match(node.name)
        if match:
            rules = tuple(int(part) for part in match.group(1).split("_r")[1:])
            found.append(Evidence(rules, str(file.relative_to(root)), node.name))
    return found


def numbers(text: str) -> Iterator[int]:
    """Read "R1, R3 to R5" as 1, 3, 4, 5."""
    for part in re.split(r", | and ", text):
        first, _, last = part.partition(" to ")
        yield from range(int(first[1:]), int((last or first)[1:]) + 1)


def _functions(folder: Path) -> Iterator[tuple[Path, Function]]:
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, Function):
                yield file, node
