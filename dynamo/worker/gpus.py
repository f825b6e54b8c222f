"""The visible NVIDIA GPUs and their memory, asked of the driver's library (NVML) itself.

No torch and no CUDA context: `libnvidia-ml` comes with the driver and answers in milliseconds,
while `nvidia-smi` is a process of its own. NVML's numbers are part of its stable interface.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

LIBRARY = "libnvidia-ml.so.1"
MEMORY_VERSION = 2
"""Version of the structure below, which sets apart what the driver keeps for itself."""


class _Memory(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_uint),
        ("total", ctypes.c_ulonglong),
        ("reserved", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


@dataclass(frozen=True)
class GpuMemory:
    """Memory of one GPU, in bytes."""

    total: int
    """What programs can have at most: without what the driver keeps for itself."""
    free: int


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[GpuMemory, ...]:
    """Return the GPUs that CUDA would see; none without a driver that answers.

    CUDA_VISIBLE_DEVICES holds numbers or (beginnings of) identifiers; CUDA stops at the first that
    names no GPU.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return ()
    with suppress(_NotAnsweredError), _started(library):
        chosen = environment.get("CUDA_VISIBLE_DEVICES")
        names = _all_numbers(library) if chosen is None else _listed(chosen)
        return tuple(_until_unknown(library, names))
    return ()


class _NotAnsweredError(RuntimeError):
    """NVML returned another status than success."""


@contextmanager
def _started(library: ctypes.CDLL) -> Iterator[None]:
    _ask(library.nvmlInit_v2)
    try:
        yield
    finally:
        library.nvmlShutdown()


def _ask(function: Callable[..., int], *arguments: object) -> None:
    if function(*arguments) != 0:
        raise _NotAnsweredError


def _all_numbers(library: ctypes.CDLL) -> list[str]:
    count = ctypes.c_uint()
    _ask(library.nvmlDeviceGetCount_v2, ctypes.byref(count))
    return [str(number) for number in range(count.value)]


def _listed(chosen: str) -> list[str]:
    return [name.strip() for name in chosen.split(",")] if chosen.strip() else []


def _until_unknown(library: ctypes.CDLL, names: list[str]) -> Iterator[GpuMemory]:
    for name in names:
        try:
            yield _memory(library, _device(library, name))
        except _NotAnsweredError:
            return


def _device(library: ctypes.CDLL, name: str) -> ctypes.c_void_p:
    device = ctypes.c_void_p()
    if name.isdecimal():
        number = ctypes.c_uint(int(name))
        _ask(library.nvmlDeviceGetHandleByIndex_v2, number, ctypes.byref(device))
    else:
        _ask(library.nvmlDeviceGetHandleByUUID, name.encode(), ctypes.byref(device))
    return device


def _memory(library: ctypes.CDLL, device: ctypes.c_void_p) -> GpuMemory:
    memory = _Memory(version=ctypes.sizeof(_Memory) | MEMORY_VERSION << 24)
    _ask(library.nvmlDeviceGetMemoryInfo_v2, device, ctypes.byref(memory))
    return GpuMemory(memory.total - memory.reserved, memory.free)
