"""What the documents tell people to type works, and what they link to exists."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.machine import Machine
from dynamo.launcher.checking import all_problems
from dynamo.launcher.help import EXAMPLES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SERVER = Machine(
    gpus=8, cpu_threads=64, memory_bytes=512 * 2**30, engine_versions={"vllm": "0.32.0"}
)


def launch_lines() -> list[str]:
    """Return the arguments of every `python launch.py ...` shown as a block, and in --help."""
    texts = [_joined(page.read_text()) for page in PAGES] + [EXAMPLES]
    found = [
        re.findall(r"^(?:    |  )python launch\.py(.*)$", text, re.MULTILINE) for text in texts
    ]
    return sorted({re.split(r"\s{2,}|\s#", line.rstrip())[0] for lines in found for line in lines})


def _joined(text: str) -> str:
    """Return a text with lines that end in a backslash joined with the next."""
    return re.sub(r" \\\n\s*", " ", text)


def overrides(line: str) -> list[str]:
    """Return the arguments without flags; of a sweep, its first trial."""
    words = [word for word in shlex.split(line) if not word.startswith("-")]
    return [word.split(",")[0] if "[" not in word else word for word in words]


def links(page: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text())
    return [target for target in targets if not target.startswith(("http:", "https:"))]


def make_targets() -> set[str]:
    named = [
        re.findall(r"^    make ([a-z0-9 ]+)", page.read_text(), re.MULTILINE) for page in PAGES
    ]
    return {target for lines in named for line in lines for target in line.split()}


def test_the_documents_show_command_lines() -> None:
    assert len(launch_lines()) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("line", launch_lines())
def test_a_command_line_in_the_documents_has_no_problem(line: str) -> None:
    composition = compose_config(overrides(line), {}, ROOT / "conf")
    assert [problem for problem in all_problems(composition, SERVER) if problem.fatal] == []


@pytest.mark.parametrize("target", sorted(make_targets()))
def test_a_make_target_in_the_documents_exists(target: str) -> None:
    command = ["make", "--dry-run", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []
