"""Scheduler limits in memory that a worker shares with its engine core's process.

The core reads them before every step, so a change needs no message and waits for nobody.
"""

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = ("max_num_seqs", "max_num_batched_tokens", "long_prefill_token_threshold")
CONFIG_KEY = "live_limits"
"""Key in vLLM's `additional_config` under which the core finds the file."""
_VALUE = struct.Struct("=q")
_SIZE = _VALUE.size * len(NAMES)


class LiveLimits:
    """The limits of one engine, kept in a small file that both processes map.

    Each value is one aligned machine word: a reader sees the old or the new one, never half of it.
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    @classmethod
    def create(cls, path: Path, limits: Mapping[str, int]) -> "LiveLimits":
        """Make the file with the limits that the engine starts with."""
        path.write_bytes(b"".join(_VALUE.pack(limits[name]) for name in NAMES))
        return cls(path)

    def read(self) -> dict[str, int]:
        """Return all limits by vLLM's names for them."""
        return dict(zip(NAMES, self.values(), strict=True))

    def values(self) -> tuple[int, ...]:
        """Return all limits in the order of NAMES; runs in every step."""
        return tuple(value for (value,) in _VALUE.iter_unpack(self._memory[:_SIZE]))

    def write(self, limits: Mapping[str, int]) -> None:
        """Put some limits in force; the others stay."""
        for name, value in limits.items():
            _VALUE.pack_into(self._memory, NAMES.index(name) * _VALUE.size, value)

    def close(self) -> None:
        """Give the memory back; the file belongs to whoever made it."""
        self._memory.close()


@dataclass(frozen=True)
class AdjustableLimits:
    """The limits of one engine that can change while it runs."""

    shared: LiveLimits
    highest: Mapping[str, int]
    """How far each may go, by vLLM's names; a limit that cannot change safely is left out."""

    def in_force(self) -> dict[str, int]:
        """Return the present value of each limit that can change."""
        return {name: value for name, value in self.shared.read().items() if name in self.highest}
