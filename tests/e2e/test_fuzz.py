"""Mutated requests by every way into a worker: a short form of `python -m scripts.fuzz`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.fleet import ROOT

pytestmark = pytest.mark.e2e

CHANNELS = {
    "token",
    "token, frontend",
    "text",
    "text, frontend",
    "http",
    "control",
    "status server",
}


def test_mutated_requests_get_typed_answers_and_leave_the_workers_as_they_were(
    tmp_path: Path,
) -> None:
    output = tmp_path / "fuzz.json"
    command = [sys.executable, "-m", "scripts.fuzz", "--requests", "2100", "--batch", "100"]
    done = subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {each["channel"]: each for each in json.loads(output.read_text())}
    assert set(found) == CHANNELS
    for channel in found.values():
        assert channel["requests"] == 300
        assert channel["statuses"]["200"] > 0, channel
        assert any(status.startswith("4") for status in channel["statuses"]), channel
