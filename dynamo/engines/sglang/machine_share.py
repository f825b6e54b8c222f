"""What one SGLang worker takes of its machine."""

import math
from collections.abc import Mapping
from typing import Any


def gpus(arguments: Mapping[str, Any]) -> int:
    """Return how many GPUs the worker takes here: all machines of it share them evenly.

    Data-parallel attention shares the GPUs of tensor parallelism; plain copies have their own.
    """
    shared = arguments.get("enable_dp_attention")
    sizes = ("tp_size", "pp_size") if shared else ("tp_size", "pp_size", "dp_size")
    number = math.prod(int(arguments.get(name) or 1) for name in sizes)
    return -(-number // int(arguments.get("nnodes") or 1))
