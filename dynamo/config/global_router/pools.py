"""Pools of workers, and which of them a request gets: pure data and arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass

MODES: Mapping[str, tuple[str, ...]] = {"disagg": ("prefill", "decode"), "agg": ("agg",)}
"""Kinds of pools in each mode: prefill and decode apart, or both in one pool."""
AXES: Mapping[str, tuple[str, str]] = {
    "prefill": ("isl", "ttft"),
    "decode": ("context_length", "itl"),
    "agg": ("ttft", "itl"),
}
"""What the rows and the columns of each kind's grid stand for."""
TARGETS = ("ttft", "itl")
"""Axes of latency targets in milliseconds; the others count tokens."""


@dataclass(frozen=True)
class Axis:
    """One side of a grid: a range of values in steps of equal width."""

    name: str
    minimum: float
    maximum: float
    resolution: int
    """Number of steps."""

    @property
    def step(self) -> float:
        return (self.maximum - self.minimum) / self.resolution

    def index(self, value: float | None) -> int:
        """R170: the step in which a value lies; below the range the first, above it the last.

        R171: without a value, the middle of the range counts. A value of 0 is a value: Dynamo
        1.0.2 took it for a missing one, 1.6.1 does not.
        """
        if value is None:
            value = (self.minimum + self.maximum) / 2
        return int(min(max((value - self.minimum) / self.step, 0), self.resolution - 1))


@dataclass(frozen=True)
class PriorityOverride:
    """Requests of these priorities, both ends included, go to one pool whatever the grid says."""

    min_priority: int
    max_priority: int
    target_pool: int


@dataclass(frozen=True)
class Pools:
    """All pools of one kind, and the grid that chooses among them."""

    kind: str
    namespaces: tuple[str, ...]
    """Dynamo namespace of each pool; a pool is named by its position."""
    rows: Axis
    columns: Axis
    mapping: tuple[tuple[int, ...], ...]
    """Pool of each cell, row by row."""
    overrides: tuple[PriorityOverride, ...] = ()
    priorities: tuple[int, ...] = ()
    """Rank of each pool, the fastest lowest; empty: their order."""

    def select(self, row: float | None, column: float | None, priority: int | None = None) -> int:
        """R170: the cell's pool, unless the first fitting override names another."""
        if priority is not None:
            for override in self.overrides:
                if override.min_priority <= priority <= override.max_priority:
                    return override.target_pool
        return self.mapping[self.rows.index(row)][self.columns.index(column)]

    def retry_order(self, pool: int) -> tuple[int, ...]:
        """Return the faster pools to try when this one fails, the slowest of them first."""
        ranks = self.priorities or tuple(range(len(self.namespaces)))
        faster = [other for other, rank in enumerate(ranks) if rank < ranks[pool]]
        return tuple(sorted(faster, key=lambda other: (-ranks[other], other)))


@dataclass(frozen=True)
class GlobalRouter:
    """A whole file."""

    mode: str
    """`disagg` or `agg`."""
    pools: tuple[Pools, ...]
    """One entry per kind, as `MODES` has them."""
    enable_priority_retry: bool = False
    """Whether a request that fails before its first token is tried on faster pools."""


def endpoint(namespace: str) -> str:
    """R172: requests of a pool go to the router in its namespace."""
    return f"dyn://{namespace}.router.generate"
