"""Settings of SGLang and TensorRT-LLM workers: the reference's defaults, variables and ranges."""

from collections.abc import Callable
from typing import Any

import pytest

from dynamo.config.compose import Composition
from dynamo.config.schema_index import schema_index

Compose = Callable[..., Composition]

SGLANG: list[tuple[str, Any, str, str, Any]] = [
    ("use_sglang_tokenizer", False, "DYN_SGL_USE_TOKENIZER", "yes", True),
    ("embedding_worker", False, "DYN_SGL_EMBEDDING_WORKER", "on", True),
    ("rerank_worker", False, "DYN_SGL_RERANK_WORKER", "1", True),
    ("image_diffusion_worker", False, "DYN_SGL_IMAGE_DIFFUSION_WORKER", "true", True),
    ("image_diffusion_fs_url", None, "", "", None),
    ("image_diffusion_base_url", "http://localhost:8008/", "DYN_IMAGE_DIFFUSION_BASE_URL",
     "https://img.example/", "https://img.example/"),
    ("video_generation_worker", False, "DYN_SGL_VIDEO_GENERATION_WORKER", "true", True),
    ("config", None, "DYN_SGL_DISAGG_CONFIG", "a.yaml", "a.yaml"),
    ("config_key", None, "DYN_SGL_DISAGG_CONFIG_KEY", "prefill", "prefill"),
    ("dedicated_mm_encoder", False, "DYN_SGL_DEDICATED_MM_ENCODER", "true", True),
    ("embedding_transfer_mode", "nixl-write", "DYN_SGL_EMBEDDING_TRANSFER_MODE", "local", "local"),
    ("gateway_workers", None, "DYN_SGL_GATEWAY_WORKERS", "2", 2),
    ("enable_rl", False, "DYN_SGL_ENABLE_RL", "true", True),
    ("engine_routes", [], "DYN_SGLANG_ENGINE_ROUTES", "a b=c:tm", ["a", "b=c:tm"]),
    ("sglang_trace_level", 2, "SGLANG_TRACE_LEVEL", "4", 4),
]  # fmt: skip

TRTLLM: list[tuple[str, Any, str, str, Any]] = [
    ("log_level", None, "TLLM_LOG_LEVEL", "verbose", "verbose"),
    ("skip_log_mapping", False, "DYN_SKIP_TRTLLM_LOG_FORMATTING", "TRUE", True),
    ("tensor_parallel_size", 1, "DYN_TRTLLM_TENSOR_PARALLEL_SIZE", "8", 8),
    ("pipeline_parallel_size", 1, "DYN_TRTLLM_PIPELINE_PARALLEL_SIZE", "2", 2),
    ("expert_parallel_size", None, "DYN_TRTLLM_EXPERT_PARALLEL_SIZE", "4", 4),
    ("enable_attention_dp", False, "DYN_TRTLLM_ENABLE_ATTENTION_DP", "true", True),
    ("kv_block_size", 32, "DYN_TRTLLM_KV_BLOCK_SIZE", "64", 64),
    ("gpus_per_node", None, "DYN_TRTLLM_GPUS_PER_NODE", "8", 8),
    ("max_batch_size", 2048, "DYN_TRTLLM_MAX_BATCH_SIZE", "64", 64),
    ("max_num_tokens", 8192, "DYN_TRTLLM_MAX_NUM_TOKENS", "4096", 4096),
    ("max_seq_len", None, "DYN_TRTLLM_MAX_SEQ_LEN", "4096", 4096),
    ("max_beam_width", 1, "DYN_TRTLLM_MAX_BEAM_WIDTH", "2", 2),
    ("free_gpu_memory_fraction", 0.9, "DYN_TRTLLM_FREE_GPU_MEMORY_FRACTION", "0.5", 0.5),
    ("extra_engine_args", None, "DYN_TRTLLM_EXTRA_ENGINE_ARGS", "a.yaml", "a.yaml"),
    ("publish_events_and_metrics", False, "DYN_TRTLLM_PUBLISH_EVENTS_AND_METRICS", "true", True),
    ("publish_kv_events", None, "DYN_TRTLLM_PUBLISH_KV_EVENTS", "false", False),
    ("publish_metrics", None, "DYN_TRTLLM_PUBLISH_METRICS", "true", True),
    ("load_format", "auto", "DYN_TRTLLM_LOAD_FORMAT", "gms", "gms"),
    ("guided_decoding_backend", None, "DYN_TRTLLM_GUIDED_DECODING_BACKEND", "xgrammar", "xgrammar"),
    ("conversation_affinity", False, "DYN_ENGINE_CONV_AFFINITY", "true", True),
    ("conversation_affinity_dp_rank_source", "engine", "DYN_ENGINE_CONV_AFFINITY_DP_RANK_SOURCE",
     "dynamo", "dynamo"),
    ("modality", "text", "DYN_TRTLLM_MODALITY", "video_diffusion", "video_diffusion"),
    ("encode_endpoint", None, "DYN_TRTLLM_ENCODE_ENDPOINT", "dyn://a.b.c", "dyn://a.b.c"),
    ("allowed_local_media_path", None, "DYN_TRTLLM_ALLOWED_LOCAL_MEDIA_PATH", "/media", "/media"),
    ("max_file_size_mb", 50, "DYN_TRTLLM_MAX_FILE_SIZE_MB", "10", 10),
    ("diffusion.quant_algo", None, "DYN_TRTLLM_QUANT_ALGO", "NVFP4", "NVFP4"),
    ("diffusion.quant_dynamic", True, "DYN_TRTLLM_QUANT_DYNAMIC", "no", False),
    ("diffusion.enable_teacache", False, "DYN_TRTLLM_ENABLE_TEACACHE", "true", True),
    ("diffusion.teacache_use_ret_steps", True, "DYN_TRTLLM_TEACACHE_USE_RET_STEPS", "0", False),
    ("diffusion.teacache_thresh", 0.2, "DYN_TRTLLM_TEACACHE_THRESH", "0.4", 0.4),
    ("diffusion.torch_dtype", "bfloat16", "DYN_TRTLLM_TORCH_DTYPE", "float16", "float16"),
    ("diffusion.revision", None, "DYN_TRTLLM_REVISION", "v2", "v2"),
    ("diffusion.disable_torch_compile", False, "DYN_TRTLLM_DISABLE_TORCH_COMPILE", "1", True),
    ("diffusion.enable_fullgraph", False, "DYN_TRTLLM_ENABLE_FULLGRAPH", "1", True),
    ("diffusion.enable_cuda_graph", False, "DYN_TRTLLM_ENABLE_CUDA_GRAPH", "1", True),
    ("diffusion.attn_backend", "VANILLA", "DYN_TRTLLM_ATTN_BACKEND", "TRTLLM", "TRTLLM"),
    ("diffusion.dit_ulysses_size", 1, "DYN_TRTLLM_DIT_ULYSSES_SIZE", "2", 2),
    ("diffusion.dit_ring_size", 1, "DYN_TRTLLM_DIT_RING_SIZE", "2", 2),
    ("diffusion.dit_cfg_size", 1, "DYN_TRTLLM_DIT_CFG_SIZE", "2", 2),
    ("diffusion.enable_layerwise_nvtx_marker", False, "DYN_TRTLLM_ENABLE_LAYERWISE_NVTX_MARKER",
     "1", True),
    ("diffusion.skip_warmup", False, "DYN_TRTLLM_SKIP_WARMUP", "1", True),
    ("diffusion.default_height", 480, "DYN_TRTLLM_DEFAULT_HEIGHT", "720", 720),
    ("diffusion.default_width", 832, "DYN_TRTLLM_DEFAULT_WIDTH", "1280", 1280),
    ("diffusion.default_num_inference_steps", 50, "DYN_TRTLLM_DEFAULT_NUM_INFERENCE_STEPS",
     "20", 20),
    ("diffusion.default_guidance_scale", 5.0, "DYN_TRTLLM_DEFAULT_GUIDANCE_SCALE", "3", 3.0),
    ("diffusion.default_num_frames", 81, "DYN_TRTLLM_DEFAULT_NUM_FRAMES", "33", 33),
    ("diffusion.default_num_images_per_prompt", 1, "DYN_TRTLLM_DEFAULT_NUM_IMAGES_PER_PROMPT",
     "4", 4),
]  # fmt: skip

TABLES = {"sglang": SGLANG, "trtllm": TRTLLM}
MAPPINGS = {"override_engine_args", "model_loader_extra_config"}


@pytest.mark.parametrize("backend", TABLES)
def test_every_setting_of_a_backend_is_in_the_table(backend: str) -> None:
    common = {path for path in schema_index("mocker").fields if path.startswith("backend.")}
    own = {path for path in schema_index(backend).fields if path.startswith("backend.")} - common
    assert own == {f"backend.{name}" for name, *_rest in TABLES[backend]} | (
        {f"backend.{name}" for name in MAPPINGS} if backend == "trtllm" else set()
    )


@pytest.mark.parametrize("backend", TABLES)
def test_the_defaults_are_the_references(compose: Compose, backend: str) -> None:
    values = compose(f"backend={backend}").values
    expected = {f"backend.{name}": default for name, default, *_rest in TABLES[backend]}
    assert {path: values[path] for path in expected} == expected


@pytest.mark.parametrize("backend", TABLES)
def test_every_setting_is_read_from_its_variable(compose: Compose, backend: str) -> None:
    environ = {variable: text for _n, _d, variable, text, _v in TABLES[backend] if variable}
    composition = compose(f"backend={backend}", **environ)
    assert not composition.fatal, composition.problems
    expected = {
        f"backend.{name}": value for name, _d, variable, _t, value in TABLES[backend] if variable
    }
    assert {path: composition.values[path] for path in expected} == expected
    for name, _default, variable, _text, _value in TABLES[backend]:
        if variable:
            assert composition.sources[f"backend.{name}"] == variable


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_mapping_is_read_from_json(compose: Compose, name: str) -> None:
    variable = f"DYN_TRTLLM_{name.upper()}"
    composition = compose("backend=trtllm", **{variable: '{"a": {"b": [1, true]}}'})
    assert composition.config is not None
    assert getattr(composition.config.backend, name) == {"a": {"b": [1, True]}}


@pytest.mark.parametrize(
    ("backend", "override"),
    [
        ("sglang", "backend.gateway_workers=0"),
        ("sglang", "backend.sglang_trace_level=5"),
        ("sglang", "backend.sglang_trace_level=0"),
        ("sglang", "backend.embedding_transfer_mode=ucx"),
        ("sglang", "backend.embedding_worker=maybe"),
        ("trtllm", "backend.tensor_parallel_size=0"),
        ("trtllm", "backend.expert_parallel_size=0"),
        ("trtllm", "backend.kv_block_size=0"),
        ("trtllm", "backend.max_batch_size=many"),
        ("trtllm", "backend.free_gpu_memory_fraction=1.1"),
        ("trtllm", "backend.free_gpu_memory_fraction=-0.1"),
        ("trtllm", "backend.guided_decoding_backend=outlines"),
        ("trtllm", "backend.modality=smell"),
        ("trtllm", "backend.max_file_size_mb=0"),
        ("trtllm", "backend.conversation_affinity_dp_rank_source=router"),
        ("trtllm", "backend.diffusion.quant_algo=INT2"),
        ("trtllm", "backend.diffusion.torch_dtype=float8"),
        ("trtllm", "backend.diffusion.dit_cfg_size=0"),
    ],
)
def test_a_value_out_of_range_is_refused(compose: Compose, backend: str, override: str) -> None:
    (problem,) = compose(f"backend={backend}", override).problems
    assert (problem.path, problem.fatal) == (override.partition("=")[0], True)
    assert problem.allowed
