"""The kinds of worker that SGLang can be, and what follows from each (R98, R155, R156)."""

from dynamo.config.roles import role_named
from dynamo.config.schema import Config, SglangBackend

KINDS = ("embedding_worker", "rerank_worker", "image_diffusion_worker", "video_generation_worker")
"""Switches of the backend that turn off the generation of text."""
ENDPOINT_TYPES = {
    "embedding_worker": ("embeddings",),
    "rerank_worker": ("rerank",),
    "image_diffusion_worker": ("images",),
    "video_generation_worker": ("videos",),
}
COMPONENTS = {
    "prefill": "prefill",
    "multimodal_prefill_worker": "prefill",
    "multimodal_processor": "processor",
    "multimodal_encode_worker": "encoder",
}
ROLES = ("aggregated", "decode", "multimodal_worker", "multimodal_decode_worker", *COMPONENTS)
"""Roles of the group `role` that SGLang can play."""


def chosen_kinds(backend: SglangBackend) -> tuple[str, ...]:
    """Return the switches that are on."""
    return tuple(name for name in KINDS if getattr(backend, name))


def component(config: Config, backend: SglangBackend) -> str:
    """R98: kinds stay in `backend`, except rerank; prefill comes before the multimodal roles.

    The encode worker is `encoder`, as in the documents; Dynamo 1.6.1 calls it `encode`.
    """
    if backend.rerank_worker:
        return "rerank"
    if chosen_kinds(backend):
        return "backend"
    return COMPONENTS.get(config.role.name.lower(), "backend")


def disaggregation_mode(config: Config) -> str:
    """Return SGLang's own word for the half of inference that the role does."""
    worker_type = role_named(config.role.name).worker_type
    return worker_type if worker_type in ("prefill", "decode") else "null"
