"""Which engine fits this machine."""

import platform
import shutil
import subprocess
from pathlib import Path

CPU_BUILD_MACHINES = ("x86_64", "aarch64", "s390x")
"""Where PyTorch marks its CPU build in the version (`2.13.0+cpu`); elsewhere there is only one."""


def has_nvidia_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether this process may use an NVIDIA GPU: a device file, or a driver that lists one."""
    if any(devices.glob("nvidia[0-9]*")):
        return True
    if (tool := shutil.which("nvidia-smi")) is None:
        return False
    listed = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return listed.returncode == 0 and "GPU " in listed.stdout


def engine_extra(backend: str, gpu: bool) -> str:
    """Return the extra that a backend needs here; the mocker needs what vLLM does."""
    if backend == "sglang":
        return "sglang" if gpu else "sglang-cpu"
    if backend == "trtllm":
        return backend
    return "vllm" if gpu else "cpu"


def cpu_build(torch_requirement: str) -> str:
    """Return the requirement of the CPU build of the same PyTorch version."""
    if platform.system() == "Linux" and platform.machine() in CPU_BUILD_MACHINES:
        return f"{torch_requirement}+cpu"
    return torch_requirement
