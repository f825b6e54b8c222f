"""What processes hold for themselves over time, and whether that grows."""

import re
import statistics
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MIB = 2**20
SAMPLES = 400
PARTS = 10


@dataclass(frozen=True)
class Growth:
    """What one process held, in bytes: the median of each tenth of a soak."""

    process: str
    held: tuple[float, ...]

    @property
    def share(self) -> float:
        """Growth over the second half, as a share: caches fill and allocators settle before."""
        return self.held[-1] / self.held[PARTS // 2 - 1] - 1


@dataclass
class Memory:
    """Anonymous memory of each process in bytes, sampled at even intervals.

    Pages that a forked engine core still shares with its worker count for both: they would
    otherwise seem to be new when one of the two writes to them.
    """

    processes: Mapping[str, psutil.Process]
    samples: dict[str, list[int]] = field(default_factory=dict)

    def sample(self) -> None:
        """Look at all processes once."""
        for name, process in self.processes.items():
            self.samples.setdefault(name, []).append(anonymous_memory(process.pid))

    def growth(self) -> list[Growth]:
        """Return how each process developed."""
        return [Growth(name, _medians(held)) for name, held in self.samples.items()]


def _medians(samples: list[int]) -> tuple[float, ...]:
    """Return the median of each tenth of the samples.

    Raises:
        StatisticsError: there are less than ten.
    """
    bounds = [len(samples) * part // PARTS for part in range(PARTS + 1)]
    return tuple(statistics.median(samples[low:high]) for low, high in pairwise(bounds))


def anonymous_memory(pid: int) -> int:
    """Return the bytes in main memory that come from no file: heap, stacks, KV cache."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


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
