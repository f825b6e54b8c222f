"""What `action=manifest` writes beside the worker itself."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class KubernetesConfig:
    """The deployment that `action=manifest` prints: Dynamo's own worker with the same engine
    arguments, and a frontend; see docs/importing.md."""

    image: str | None = None
    """Container image of worker and frontend; unset: NVIDIA's image for the backend, in the version
    of the runtime that this program asks for."""
    replicas: int = setting(1, minimum=0)
    """Pods of the worker, each with its own engine."""
