"""Write what SGLang imports and a CPU machine cannot have into the environment that runs this.

Two things stand in its way without a GPU. PyPI's torchvision is a CUDA build whose library cannot
be loaded beside a CPU PyTorch, and its import then asks for operators that are not there. And the
package of SGLang's own CPU kernels is not on PyPI; a dense model on a processor without AMX never
calls them, but their names are imported. `python -m scripts.setup.sglang_stand_ins` writes both
stand-ins; builds that work are left alone.
"""

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path

OPERATORS = "torchvision_operators"
KERNELS = "sgl_kernel"
FIRST_LINE = f"import {OPERATORS}  # written by dynamo-launch: this build has no library\n"

OPERATORS_TEXT = '''"""Declares the operators that torchvision's import asks for."""

import torch

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def missing(name):
    try:
        getattr(torch.ops.torchvision, name)
    except AttributeError:
        return True
    return False


library = torch.library.Library("torchvision", "FRAGMENT")
for operator in ("nms", "qnms"):
    if missing(operator):
        library.define(operator + SIGNATURE)
'''

KERNELS_TEXT = '''"""Stands in for SGLang's CPU kernels: has every name, and none of them works."""

__version__ = "0"


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def unavailable(*_arguments, **_options):
        raise NotImplementedError(f"{name} is one of SGLang's CPU kernels, which are not on PyPI")

    return unavailable
'''


def write_stand_ins(packages: Path) -> None:
    """Write both into a directory of packages, each unless the real thing works."""
    torchvision = packages / "torchvision" / "__init__.py"
    if not imports("torchvision"):
        (packages / f"{OPERATORS}.py").write_text(OPERATORS_TEXT)
        text = torchvision.read_text()
        if not text.startswith(FIRST_LINE):
            torchvision.write_text(FIRST_LINE + text)
    if importlib.util.find_spec(KERNELS) is None:
        kernels = packages / KERNELS
        kernels.mkdir(exist_ok=True)
        (kernels / "__init__.py").write_text(KERNELS_TEXT)


def imports(name: str) -> bool:
    """Whether a package can be imported, tried in a process of its own."""
    command = [sys.executable, "-c", f"import torch, {name}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    write_stand_ins(Path(sysconfig.get_path("purelib")))
    importlib.invalidate_caches()
    if not imports("torchvision"):
        sys.exit("torchvision still cannot be imported")
