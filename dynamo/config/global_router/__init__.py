"""The global router's configuration file: read, check, and see which pool a request gets."""

from dynamo.config.global_router.parsing import Checked, check, read
from dynamo.config.global_router.pools import (
    AXES,
    Axis,
    GlobalRouter,
    Pools,
    PriorityOverride,
    endpoint,
)

__all__ = [
    "AXES",
    "Axis",
    "Checked",
    "GlobalRouter",
    "Pools",
    "PriorityOverride",
    "check",
    "endpoint",
    "read",
]
