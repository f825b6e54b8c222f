"""What one TensorRT-LLM worker takes of its machine."""

import math
from collections.abc import Mapping
from typing import Any


def gpus(arguments: Mapping[str, Any]) -> int:
    """Return how many GPUs the worker takes; experts share those of tensor parallelism."""
    sizes = ("tensor_parallel_size", "pipeline_parallel_size", "context_parallel_size")
    return math.prod(int(arguments.get(name) or 1) for name in sizes)
