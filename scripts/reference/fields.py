"""Which of this program's resolved values stands for which attribute of the published parsers.

A text is a path in the configuration (`config...`) or in the launch plan (`plan...`).
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from dynamo.config.plan import LaunchPlan
from dynamo.config.roles import role_named
from dynamo.config.routing import KV_ARGUMENTS, ROUTER_ARGUMENTS
from dynamo.config.rules.runtime import expand_path
from dynamo.config.schema import Config
from scripts.reference.recording import ENGINE

UNSET = object()
"""Left to the engine or the runtime: as the parsers have it without any argument."""

Read = str | Callable[[Config, LaunchPlan], Any]


def unset_if_none(path: str) -> Read:
    """Read a setting that is null while the runtime's own default holds."""

    def read(config: Config, plan: LaunchPlan) -> Any:
        value = operator.attrgetter(path)(config)
        return UNSET if value is None else value

    return read


DECIDED = ("block_size", "distributed_executor_backend", "kv_events_config", "kv_transfer_config")
"""Arguments of vLLM that Dynamo decides: what is not passed is none."""


def argument(name: str) -> Read:
    """Read an argument of the engine; what is not passed is left to the engine."""
    return lambda _, plan: plan.engine.arguments.get(name, None if name in DECIDED else UNSET)


def is_role(*names: str) -> Read:
    """Read a switch that chose a role."""
    return lambda config, _: config.role.name in names


def mode(aggregated: str) -> Read:
    """Read the disaggregation mode, with the word for both halves in one worker."""

    def read(config: Config, plan: LaunchPlan) -> str:
        kind = role_named(config.role.name).worker_type
        return {"aggregated": aggregated}.get(kind, kind)

    return read


def _template(config: Config, plan: LaunchPlan) -> str | None:
    path = config.runtime.custom_jinja_template
    return None if path is None else expand_path(path)


COMMON: Mapping[str, Read] = {
    "namespace": "plan.endpoint.namespace",
    "component": "plan.endpoint.component",
    "endpoint": "plan.endpoint.endpoint",
    "discovery_backend": "plan.runtime.store",
    "request_plane": "plan.runtime.request_plane",
    "event_plane": "plan.runtime.event_plane",
    "response_plane": unset_if_none("request_plane.response_plane"),
    "connector": lambda config, _: list(config.connector.chain),
    "durable_kv_events": "config.runtime.durable_kv_events",
    "enable_local_indexer": "plan.registration.enable_local_indexer",
    "use_kv_events": "plan.registration.use_kv_events",
    "dyn_tool_call_parser": "config.runtime.tool_call_parser",
    "dyn_reasoning_parser": "config.runtime.reasoning_parser",
    "dyn_default_thinking_mode": "plan.registration.default_thinking_mode",
    "exclude_tools_when_tool_choice_none": "plan.registration.exclude_tools_when_tool_choice_none",
    "structural_tag": "plan.registration.structural_tag",
    "custom_jinja_template": _template,
    "endpoint_types": lambda config, _: ",".join(config.runtime.endpoint_types),
    "dump_config_to": "plan.dump_config_to",
    "kv_state_endpoint": "plan.registration.kv_state_endpoint",
    "fpm_trace": unset_if_none("runtime.fpm_trace"),
    "health_check_payload": lambda config, _: dict(config.health.canary_payload) or None,
    "engine_request_limit": "config.request_plane.engine_request_limit",
    "tcp_tls_cert_path": "config.request_plane.tls_cert_path",
    "tcp_tls_key_path": "config.request_plane.tls_key_path",
    "tcp_tls_ca_cert_path": "config.request_plane.tls_ca_cert_path",
    "tcp_tls_insecure": unset_if_none("request_plane.tls_insecure"),
    "tcp_tls_server_name": "config.request_plane.tls_server_name",
    "tcp_tls_handshake_timeout_secs": "config.request_plane.tls_handshake_timeout_seconds",
    "tcp_tls_client_cert_path": "config.request_plane.tls_client_cert_path",
    "tcp_tls_client_key_path": "config.request_plane.tls_client_key_path",
    "tcp_tls_client_ca_cert_path": "config.request_plane.tls_client_ca_cert_path",
    "nats_tls_ca_cert_path": "config.nats.tls_ca_cert_path",
    "nats_tls_insecure": unset_if_none("nats.tls_insecure"),
    "nats_tls_client_cert_path": "config.nats.tls_client_cert_path",
    "nats_tls_client_key_path": "config.nats.tls_client_key_path",
    "enable_multimodal": lambda _, plan: plan.multimodal is not None,
    "frontend_decoding": "config.multimodal.frontend_decoding",
    "router.router_mode": unset_if_none("frontend.router_mode"),
    **{
        f"router.{name}": unset_if_none(f"router.{field}")
        for field, name in (ROUTER_ARGUMENTS | KV_ARGUMENTS).items()
    },
}

VLLM: Mapping[str, Read] = {
    "disaggregation_mode": mode("agg"),
    "is_prefill_worker": lambda config, _: role_named(config.role.name).worker_type == "prefill",
    "is_decode_worker": lambda config, _: role_named(config.role.name).worker_type == "decode",
    "route_to_encoder": is_role("multimodal_processor"),
    "multimodal_encode_worker": is_role("multimodal_encode_worker"),
    "multimodal_worker": is_role("multimodal_worker", "multimodal_prefill_worker"),
    "multimodal_decode_worker": is_role("multimodal_decode_worker"),
    "mm_prompt_template": "config.multimodal.prompt_template",
    "use_vllm_tokenizer": "config.backend.use_vllm_tokenizer",
    "sleep_mode_level": "plan.sleep_mode_level",
    "headless": "config.backend.headless",
    "omni": "config.backend.omni",
    "stage_configs_path": "config.backend.stage_configs_path",
    "model": "plan.model.path",
    "served_model_name": "config.model.served_name",
}

SGLANG: Mapping[str, Read] = {
    "disagg_config": "config.backend.config",
    "disagg_config_key": "config.backend.config_key",
    "embedding_worker": "config.backend.embedding_worker",
    "rerank_worker": "config.backend.rerank_worker",
    "image_diffusion_worker": "config.backend.image_diffusion_worker",
    "video_generation_worker": "config.backend.video_generation_worker",
    "use_sglang_tokenizer": "config.backend.use_sglang_tokenizer",
    "dedicated_mm_encoder": "config.backend.dedicated_mm_encoder",
    "embedding_transfer_mode": "config.backend.embedding_transfer_mode",
    "enable_rl": "config.backend.enable_rl",
    "engine_routes": "config.backend.engine_routes",
    "gateway_workers": "config.backend.gateway_workers",
    "sglang_trace_level": "config.backend.sglang_trace_level",
    "multimodal_processor": is_role("multimodal_processor"),
    "multimodal_encode_worker": is_role("multimodal_encode_worker"),
    "multimodal_worker": is_role("multimodal_worker", "multimodal_prefill_worker"),
}

SAME_NAME_TRTLLM = (
    "conversation_affinity", "conversation_affinity_dp_rank_source", "enable_attention_dp",
    "expert_parallel_size", "free_gpu_memory_fraction", "gpus_per_node", "guided_decoding_backend",
    "kv_block_size", "load_format", "max_file_size_mb", "modality", "publish_events_and_metrics",
)  # fmt: skip
DIFFUSION_TRTLLM = (
    "attn_backend", "default_guidance_scale", "default_height", "default_num_frames",
    "default_num_images_per_prompt", "default_num_inference_steps", "default_width",
    "disable_torch_compile", "dit_cfg_size", "dit_ring_size", "dit_ulysses_size",
    "enable_cuda_graph", "enable_fullgraph", "enable_layerwise_nvtx_marker", "enable_teacache",
    "quant_algo", "quant_dynamic", "revision", "skip_warmup", "teacache_thresh",
    "teacache_use_ret_steps", "torch_dtype",
)  # fmt: skip


def _given_only(name: str, default: Any) -> Read:
    """Read a setting whose default is TensorRT-LLM's own, which the recordings do not have."""

    def read(config: Config, plan: LaunchPlan) -> Any:
        value = getattr(config.backend, name)
        return UNSET if value == default else value

    return read


def _text_or_empty(name: str) -> Read:
    """Read a text that is empty in the parsers while it is null here."""
    return lambda config, _: getattr(config.backend, name) or ""


def _mapping_or_empty(name: str) -> Read:
    """Read a mapping, which is JSON in the parsers."""
    return lambda config, _: dict(getattr(config.backend, name)) or ""


TRTLLM: Mapping[str, Read] = {
    **{name: f"config.backend.{name}" for name in SAME_NAME_TRTLLM},
    **{name: f"config.backend.diffusion.{name}" for name in DIFFUSION_TRTLLM},
    "disaggregation_mode": mode("prefill_and_decode"),
    "tensor_parallel_size": argument("tensor_parallel_size"),
    "pipeline_parallel_size": argument("pipeline_parallel_size"),
    "model": "plan.model.path",
    "served_model_name": "config.model.served_name",
    "max_batch_size": _given_only("max_batch_size", 2048),
    "max_num_tokens": _given_only("max_num_tokens", 8192),
    "max_beam_width": _given_only("max_beam_width", 1),
    "max_seq_len": _given_only("max_seq_len", None),
    "extra_engine_args": _text_or_empty("extra_engine_args"),
    "encode_endpoint": _text_or_empty("encode_endpoint"),
    "allowed_local_media_path": _text_or_empty("allowed_local_media_path"),
    "override_engine_args": _mapping_or_empty("override_engine_args"),
    "model_loader_extra_config": _mapping_or_empty("model_loader_extra_config"),
    "publish_kv_events": "plan.registration.use_kv_events",
    "publish_metrics": lambda _, plan: plan.engine.arguments["enable_iter_perf_stats"],
}

FIELDS = {
    "vllm": {**COMMON, **VLLM},
    "sglang": {**COMMON, **SGLANG},
    "trtllm": {**COMMON, **TRTLLM},
}
"""Where each attribute is found here, by backend; arguments of the engine have the same names."""


def resolved(backend: str, config: Config, plan: LaunchPlan) -> dict[str, Any]:
    """Return this program's value of each attribute."""
    values = {name: _read(read, config, plan) for name, read in FIELDS[backend].items()}
    engine = {f"engine.{name}": argument(name) for name in ENGINE[backend]}
    return values | {name: _read(read, config, plan) for name, read in engine.items()}


def _read(read: Read, config: Config, plan: LaunchPlan) -> Any:
    if not isinstance(read, str):
        return read(config, plan)
    whole, _, path = read.partition(".")
    return operator.attrgetter(path)(config if whole == "config" else plan)
