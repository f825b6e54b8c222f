"""Over how many devices a model is spread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parallelism:
    """Sizes of the groups that share a model's work."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    experts: bool = False
    """Whether whole experts are spread over tensor and data ranks, instead of each being cut."""
    data_here: int = 1
    """Data-parallel ranks of this machine."""

    @property
    def devices(self) -> int:
        """Return how many devices of this machine the engine takes."""
        return self.tensor * self.pipeline * self.data_here


def whole(arguments: Mapping[str, Any], name: str, default: int = 1) -> int:
    """Return an argument that is a positive whole number, else the default."""
    value = arguments.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return default
