"""The page about the file shows a file, and what is really printed for it."""

import json
import re
from pathlib import Path

import pytest

from dynamo.config.global_router.__main__ import main

PAGE = Path(__file__).parents[3] / "docs" / "global-router.md"


def test_the_example_is_decided_as_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text()
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "router.json"
    file.write_text(json.dumps(json.loads(example)))
    (options,) = re.findall(r"router\.json (--.*)", text)
    assert main([str(file), *options.split()]) == 0
    shown = re.findall(r"^    ((?:ok|prefill|decode): .*)$", text, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == shown
