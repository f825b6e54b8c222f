"""Facts about a machine that planning depends on.

They are an explicit input, so that a plan can be made for another machine and tests are
reproducible; dynamo.launcher.machine reads the facts of the machine at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dynamo.config.model_facts import ModelFacts


@dataclass(frozen=True)
class Machine:
    """What the planner may know."""

    gpus: int = 0
    """Visible NVIDIA GPUs."""
    gpu_memory_bytes: tuple[int, ...] = ()
    """Memory of each visible GPU that programs can have; empty where the driver does not say."""
    cpu_bf16: bool = True
    """Whether the CPU has bf16 instructions (avx512_bf16 or AMX)."""
    cpu_threads: int = 1
    """Logical CPUs that this process may use."""
    memory_bytes: int = 0
    """Available main memory."""
    engine_versions: Mapping[str, str] = field(default_factory=dict)
    """Backend name to installed engine version; absent when the engine is not installed."""
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    """Model reference to what its config.json says; absent when its files are not here."""

    def with_model(self, reference: str, facts: ModelFacts | None) -> "Machine":
        """Return the machine that also has this model."""
        return self if facts is None else replace(self, models={**self.models, reference: facts})
