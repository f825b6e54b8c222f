"""What a TensorRT-LLM worker works on, and the names that follow (R98)."""

from dataclasses import asdict
from typing import Any, cast

from dynamo.config.roles import role_named
from dynamo.config.schema import Config, TrtllmBackend
from dynamo.config.schema.trtllm import DIFFUSION_MODALITIES

ROLES = ("aggregated", "prefill", "decode", "multimodal_encode_worker")
"""Roles of the group `role` that TensorRT-LLM can play."""
ENDPOINT_TYPES = {"image_diffusion": ("images",), "video_diffusion": ("videos",)}


def modality(config: Config) -> str:
    """Return `text`, `multimodal` or a diffusion modality; `multimodal.enabled` counts too."""
    chosen = cast(TrtllmBackend, config.backend).modality.lower()
    return "multimodal" if chosen == "text" and config.multimodal.enabled else chosen


def is_diffusion(config: Config) -> bool:
    """Whether images or videos are generated."""
    return modality(config) in DIFFUSION_MODALITIES


def component(config: Config) -> str:
    """R98: the names of today; up to Dynamo 1.0.2 they were `tensorrt_llm`, `prefill` and
    `tensorrt_llm_encode`."""
    worker_type = role_named(config.role.name).worker_type
    if is_diffusion(config):
        return "diffusion"
    return {"encode": "encode", "prefill": "prefill"}.get(worker_type, "backend")


def diffusion_options(config: Config) -> dict[str, Any]:
    """Return the settings of image and video generation, choices in the engine's spelling."""
    options = asdict(cast(TrtllmBackend, config.backend).diffusion)
    upper = {
        name: options[name].upper() for name in ("quant_algo", "attn_backend") if options[name]
    }
    return options | upper | {"torch_dtype": options["torch_dtype"].lower()}
