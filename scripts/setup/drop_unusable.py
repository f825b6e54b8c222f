"""Uninstall packages that are installed but cannot be imported beside this PyTorch.

The CPU engine asks for torchvision, torchaudio and torchcodec, which are CUDA builds on PyPI: their
import fails and takes transformers and the engine along. Without them both work; a build that does
import, from PyTorch's own index, stays. `python -m scripts.setup.drop_unusable NAME...`
"""

import importlib.util
import subprocess
import sys


def is_broken(name: str) -> bool:
    """Whether a package is there and its import, in a process of its own, fails."""
    if importlib.util.find_spec(name) is None:
        return False
    command = [sys.executable, "-c", f"import torch, {name}"]
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def main(names: list[str]) -> None:
    """Uninstall those of the packages that are broken, and say which."""
    if broken := [name for name in names if is_broken(name)]:
        print("uninstalling, as their import fails:", *broken, flush=True)
        subprocess.run([sys.executable, "-m", "pip", "uninstall", "--yes", *broken], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
