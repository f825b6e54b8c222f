"""TensorRT-LLM: what Dynamo's own flags set; everything else stands under `backend.engine`."""

from dataclasses import dataclass, field
from typing import Any

from dynamo.config.fields import setting
from dynamo.config.schema.backend import BackendConfig

MODALITIES = ("text", "multimodal", "video_diffusion", "image_diffusion")
DIFFUSION_MODALITIES = ("video_diffusion", "image_diffusion")
QUANTIZATIONS = (
    "FP8", "FP8_BLOCK_SCALES", "NVFP4", "W4A16_AWQ", "W4A8_AWQ", "W8A8_SQ_PER_CHANNEL",
)  # fmt: skip


@dataclass
class TrtllmDiffusion:
    """Image and video generation; used with a diffusion `modality` only."""

    quant_algo: str | None = setting(None, env=("DYN_TRTLLM_QUANT_ALGO",), choices=QUANTIZATIONS)
    """Quantisation of the weights; unset: none."""
    quant_dynamic: bool = setting(True, env=("DYN_TRTLLM_QUANT_DYNAMIC",))
    """Quantise bf16 weights while they are loaded."""
    enable_teacache: bool = setting(False, env=("DYN_TRTLLM_ENABLE_TEACACHE",))
    """Skip steps whose result TeaCache can predict."""
    teacache_use_ret_steps: bool = setting(True, env=("DYN_TRTLLM_TEACACHE_USE_RET_STEPS",))
    """Always compute TeaCache's retention steps."""
    teacache_thresh: float = setting(0.2, env=("DYN_TRTLLM_TEACACHE_THRESH",), minimum=0)
    """TeaCache's threshold: higher is faster and less exact."""
    torch_dtype: str = setting(
        "bfloat16", env=("DYN_TRTLLM_TORCH_DTYPE",), choices=("bfloat16", "float16", "float32")
    )
    """Data type of the weights."""
    revision: str | None = setting(None, env=("DYN_TRTLLM_REVISION",))
    """Branch, tag or commit of the model on the hub; unset: its default branch."""
    disable_torch_compile: bool = setting(False, env=("DYN_TRTLLM_DISABLE_TORCH_COMPILE",))
    """Do not compile the model with torch."""
    enable_fullgraph: bool = setting(False, env=("DYN_TRTLLM_ENABLE_FULLGRAPH",))
    """Compile the model as one graph: stricter, maybe faster."""
    enable_cuda_graph: bool = setting(False, env=("DYN_TRTLLM_ENABLE_CUDA_GRAPH",))
    """Capture CUDA graphs; excludes compiling with torch."""
    attn_backend: str = setting(
        "VANILLA", env=("DYN_TRTLLM_ATTN_BACKEND",), choices=("VANILLA", "TRTLLM")
    )
    """Attention kernels: torch's own or TensorRT-LLM's."""
    dit_ulysses_size: int = setting(1, env=("DYN_TRTLLM_DIT_ULYSSES_SIZE",), minimum=1)
    """GPUs of Ulysses sequence parallelism."""
    dit_ring_size: int = setting(1, env=("DYN_TRTLLM_DIT_RING_SIZE",), minimum=1)
    """GPUs of ring attention."""
    dit_cfg_size: int = setting(1, env=("DYN_TRTLLM_DIT_CFG_SIZE",), minimum=1)
    """GPUs that share the passes of classifier-free guidance."""
    enable_layerwise_nvtx_marker: bool = setting(
        False, env=("DYN_TRTLLM_ENABLE_LAYERWISE_NVTX_MARKER",)
    )
    """Mark each layer for Nsight Systems."""
    skip_warmup: bool = setting(False, env=("DYN_TRTLLM_SKIP_WARMUP",))
    """Start without a warm-up pass."""
    default_height: int = setting(480, env=("DYN_TRTLLM_DEFAULT_HEIGHT",), minimum=1)
    """Height in pixels when a request names none."""
    default_width: int = setting(832, env=("DYN_TRTLLM_DEFAULT_WIDTH",), minimum=1)
    """Width in pixels when a request names none."""
    default_num_inference_steps: int = setting(
        50, env=("DYN_TRTLLM_DEFAULT_NUM_INFERENCE_STEPS",), minimum=1
    )
    """Denoising steps when a request names none."""
    default_guidance_scale: float = setting(
        5.0, env=("DYN_TRTLLM_DEFAULT_GUIDANCE_SCALE",), minimum=0
    )
    """Strength of classifier-free guidance when a request names none."""
    default_num_frames: int = setting(81, env=("DYN_TRTLLM_DEFAULT_NUM_FRAMES",), minimum=1)
    """Frames of a video when a request names no number."""
    default_num_images_per_prompt: int = setting(
        1, env=("DYN_TRTLLM_DEFAULT_NUM_IMAGES_PER_PROMPT",), minimum=1
    )
    """Images per prompt when a request names no number."""


@dataclass
class TrtllmBackend(BackendConfig):
    """TensorRT-LLM. The settings here are Dynamo's flags; `extra_engine_args` wins over them,
    `engine` over both, and `override_engine_args` over all (R163)."""

    name: str = "trtllm"
    """Name of the engine; set by the chosen option of the group."""
    log_level: str | None = setting(None, env=("TLLM_LOG_LEVEL",))
    """Level of TensorRT-LLM's own logger, handed on as it is (R159); unset: mapped from
    `logs.level` (R158)."""
    skip_log_mapping: bool = setting(
        False, env=("DYN_SKIP_TRTLLM_LOG_FORMATTING",), true_words=("1", "true", "TRUE")
    )
    """Leave TensorRT-LLM's log level alone instead of mapping Dynamo's (R160)."""
    tensor_parallel_size: int = setting(1, env=("DYN_TRTLLM_TENSOR_PARALLEL_SIZE",), minimum=1)
    """GPUs that share each layer."""
    pipeline_parallel_size: int = setting(1, env=("DYN_TRTLLM_PIPELINE_PARALLEL_SIZE",), minimum=1)
    """Groups of GPUs that share the layers one after the other."""
    expert_parallel_size: int | None = setting(
        None, env=("DYN_TRTLLM_EXPERT_PARALLEL_SIZE",), minimum=1
    )
    """GPUs that share the experts of a mixture-of-experts model; unset: TensorRT-LLM decides."""
    enable_attention_dp: bool = setting(False, env=("DYN_TRTLLM_ENABLE_ATTENTION_DP",))
    """Compute attention data-parallel, with as many ranks as `tensor_parallel_size`."""
    kv_block_size: int = setting(32, env=("DYN_TRTLLM_KV_BLOCK_SIZE",), minimum=1)
    """Tokens per KV cache block, for the engine and the router."""
    gpus_per_node: int | None = setting(None, env=("DYN_TRTLLM_GPUS_PER_NODE",), minimum=1)
    """GPUs on each machine; unset: those that the engine finds."""
    max_batch_size: int = setting(2048, env=("DYN_TRTLLM_MAX_BATCH_SIZE",), minimum=1)
    """Most requests that run at the same time."""
    max_num_tokens: int = setting(8192, env=("DYN_TRTLLM_MAX_NUM_TOKENS",), minimum=1)
    """Most tokens that one step computes."""
    max_seq_len: int | None = setting(None, env=("DYN_TRTLLM_MAX_SEQ_LEN",), minimum=1)
    """Longest prompt plus output, in tokens; unset: what the model allows."""
    max_beam_width: int = setting(1, env=("DYN_TRTLLM_MAX_BEAM_WIDTH",), minimum=1)
    """Most beams of a beam search."""
    free_gpu_memory_fraction: float = setting(
        0.9, env=("DYN_TRTLLM_FREE_GPU_MEMORY_FRACTION",), minimum=0, maximum=1
    )
    """Share of the memory left after loading the model that the KV cache takes."""
    extra_engine_args: str | None = setting(None, env=("DYN_TRTLLM_EXTRA_ENGINE_ARGS",))
    """YAML file with arguments of the LLM class, merged over the settings here (R163). The file
    is read when the worker is planned."""
    override_engine_args: dict[str, Any] = setting({}, env=("DYN_TRTLLM_OVERRIDE_ENGINE_ARGS",))
    """Arguments of the LLM class that win over everything else (R163); the variable holds a JSON
    object."""
    publish_events_and_metrics: bool = setting(
        False, env=("DYN_TRTLLM_PUBLISH_EVENTS_AND_METRICS",)
    )
    """Publish KV events for the router and metrics of the engine; the two settings below say it
    one by one."""
    publish_kv_events: bool | None = setting(None, env=("DYN_TRTLLM_PUBLISH_KV_EVENTS",))
    """Publish KV events, for a router that prefers cached prefixes; unset: as
    `publish_events_and_metrics` says."""
    publish_metrics: bool | None = setting(None, env=("DYN_TRTLLM_PUBLISH_METRICS",))
    """Collect statistics of each step and publish them as metrics, which costs throughput; unset:
    as `publish_events_and_metrics` says."""
    load_format: str = setting("auto", env=("DYN_TRTLLM_LOAD_FORMAT",))
    """How weights are loaded: `auto`, `dummy` for random ones, `gms` from the GPU memory
    service."""
    model_loader_extra_config: dict[str, Any] = setting(
        {}, env=("DYN_TRTLLM_MODEL_LOADER_EXTRA_CONFIG",)
    )
    """Settings of the model loader, such as `gms_read_only`; the variable holds a JSON object."""
    guided_decoding_backend: str | None = setting(
        None, env=("DYN_TRTLLM_GUIDED_DECODING_BACKEND",), choices=("xgrammar", "llguidance")
    )
    """Library that constrains structured output; unset: none."""
    conversation_affinity: bool = setting(False, env=("DYN_ENGINE_CONV_AFFINITY",))
    """Keep the requests of one conversation on one attention data-parallel rank."""
    conversation_affinity_dp_rank_source: str = setting(
        "engine", env=("DYN_ENGINE_CONV_AFFINITY_DP_RANK_SOURCE",), choices=("engine", "dynamo")
    )
    """Who places the first request of a conversation: the engine's load balance or the router."""
    modality: str = setting("text", env=("DYN_TRTLLM_MODALITY",), choices=MODALITIES)
    """What the model works on; `multimodal` is the same as `multimodal.enabled`."""
    encode_endpoint: str | None = setting(None, env=("DYN_TRTLLM_ENCODE_ENDPOINT",))
    """Endpoint, `dyn://namespace.component.endpoint`, of the encode worker that media is sent to;
    unset: none."""
    allowed_local_media_path: str | None = setting(
        None, env=("DYN_TRTLLM_ALLOWED_LOCAL_MEDIA_PATH",)
    )
    """Directory from which requests may name media files; unset: none."""
    max_file_size_mb: int = setting(50, env=("DYN_TRTLLM_MAX_FILE_SIZE_MB",), minimum=1)
    """Largest media or embedding file that is fetched, in MB."""
    diffusion: TrtllmDiffusion = field(default_factory=TrtllmDiffusion)
