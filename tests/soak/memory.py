"""What processes hold for themselves over time, and whether that grows."""

import statistics
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

MIB = 2**20
SAMPLES = 400
WARM_UP = 0.2
"""Part of the time in which caches fill and allocators settle."""


@dataclass(frozen=True)
class Growth:
    """What one process held, in bytes: the median of the first and of the last part of a soak."""

    process: str
    warm: float
    end: float
    peak: float

    @property
    def share(self) -> float:
        """Growth as a share of what it held when it was warm."""
        return self.end / self.warm - 1


@dataclass
class Memory:
    """Memory of each process, unique set size in bytes, sampled at even intervals."""

    processes: Mapping[str, psutil.Process]
    samples: dict[str, list[int]] = field(default_factory=dict)

    def sample(self) -> None:
        """Look at all processes once."""
        for name, process in self.processes.items():
            self.samples.setdefault(name, []).append(process.memory_full_info().uss)

    def growth(self) -> list[Growth]:
        """Compare the first quarter after the warm-up with the last quarter."""
        return [_growth(name, held) for name, held in self.samples.items()]


def _growth(name: str, samples: list[int]) -> Growth:
    warm = samples[int(len(samples) * WARM_UP) :]
    quarter = max(1, len(warm) // 4)
    first, last = warm[:quarter], warm[-quarter:]
    return Growth(name, statistics.median(first), statistics.median(last), max(warm))


@contextmanager
def watched_memory(processes: Mapping[str, psutil.Process], seconds: float) -> Iterator[Memory]:
    """Sample the processes in the background until the block ends, some hundred times in all."""
    memory, ended = Memory(processes), threading.Event()

    def watch() -> None:
        while not ended.wait(seconds / SAMPLES):
            memory.sample()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
