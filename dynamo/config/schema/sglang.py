"""SGLang and the kinds of worker that it can be."""

from dataclasses import dataclass

from dynamo.config.fields import setting
from dynamo.config.schema.backend import BackendConfig

EMBEDDING_TRANSFER_MODES = ("local", "nixl-write", "nixl-read")


@dataclass
class SglangBackend(BackendConfig):
    """SGLang. Which half of inference it does, and its multimodal roles, are options of `role`."""

    name: str = "sglang"
    """Name of the engine; set by the chosen option of the group."""
    config: str | None = setting(None, env=("DYN_SGL_DISAGG_CONFIG",))
    """YAML file with SGLang's own options, as `--config` takes it: below environment and command
    line, above presets (R143). The file is read when the configuration is composed; nothing is
    written (R147)."""
    config_key: str | None = setting(None, env=("DYN_SGL_DISAGG_CONFIG_KEY",))
    """Section of the file, a mapping such as `prefill`, that is used instead of the whole (R144 to
    R146)."""
    use_sglang_tokenizer: bool = setting(False, env=("DYN_SGL_USE_TOKENIZER",))
    """Let SGLang apply the chat template and tokenise, so that the worker takes text; only chat
    completions work then (R150, R151)."""
    embedding_worker: bool = setting(False, env=("DYN_SGL_EMBEDDING_WORKER",))
    """Serve embeddings instead of generated text (R156)."""
    rerank_worker: bool = setting(False, env=("DYN_SGL_RERANK_WORKER",))
    """Serve a text cross-encoder that ranks documents; excludes every other kind of worker."""
    image_diffusion_worker: bool = setting(False, env=("DYN_SGL_IMAGE_DIFFUSION_WORKER",))
    """Serve image generation; needs `image_diffusion_fs_url` (R155)."""
    image_diffusion_fs_url: str | None = None
    """Where generated images are stored, as a file system URL such as `file:///srv/images` or
    `s3://bucket/images` (R155)."""
    image_diffusion_base_url: str = setting(
        "http://localhost:8008/", env=("DYN_IMAGE_DIFFUSION_BASE_URL",)
    )
    """Public prefix of the addresses at which clients fetch generated images (R155)."""
    video_generation_worker: bool = setting(False, env=("DYN_SGL_VIDEO_GENERATION_WORKER",))
    """Serve video generation."""
    dedicated_mm_encoder: bool = setting(False, env=("DYN_SGL_DEDICATED_MM_ENCODER",))
    """Take embeddings from a separate encode worker; needs `multimodal.enabled`. Today's spelling
    of the role `multimodal_worker`."""
    embedding_transfer_mode: str = setting(
        "nixl-write", env=("DYN_SGL_EMBEDDING_TRANSFER_MODE",), choices=EMBEDDING_TRANSFER_MODES
    )
    """How embeddings travel from the encode worker."""
    gateway_workers: int | None = setting(None, env=("DYN_SGL_GATEWAY_WORKERS",), minimum=1)
    """Processes that take requests in front of one engine, each an instance of the endpoint; sets
    `tokenizer_worker_num`. Unset: one."""
    enable_rl: bool = setting(False, env=("DYN_SGL_ENABLE_RL",))
    """Offer the routes by which reinforcement learning updates weights and collects metadata."""
    engine_routes: list[str] = setting([], env=("DYN_SGLANG_ENGINE_ROUTES",))
    """Trusted SGLang methods to serve below /engine, each as `path[=method][:engine|tm]`; `tm` is
    the tokenizer manager."""
    sglang_trace_level: int = setting(2, env=("SGLANG_TRACE_LEVEL",), minimum=1, maximum=4)
    """Detail of traces when `backend.engine.enable_trace` is on: 1 minimal, 2 per request, 3 with
    the decode loop, 4 everything."""
