"""Facts about a machine that planning depends on.

They are an explicit input, so that a plan can be made for another machine and tests are
reproducible; dynamo.launcher.machine reads the facts of the machine at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Machine:
    """What the planner may know."""

    gpus: int = 0
    """Visible NVIDIA GPUs."""
    cpu_bf16: bool = True
    """Whether the CPU has bf16 instructions (avx512_bf16 or AMX)."""
    cpu_threads: int = 1
    """Logical CPUs that this process may use."""
    memory_bytes: int = 0
    """Available main memory."""
    engine_versions: Mapping[str, str] = field(default_factory=dict)
    """Backend name to installed engine version; absent when the engine is not installed."""
