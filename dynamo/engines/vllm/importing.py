"""Read command lines of `vllm serve` and of Dynamo's vLLM worker."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dynamo.config.roles import role_named
from dynamo.config.schema import ConnectorEntry
from dynamo.engines.catalogue import load
from dynamo.engines.importing import Found, Prepared, ReadFile, ServerFlags, server_kinds
from dynamo.engines.vllm.connector_import import connector_settings
from dynamo.engines.vllm.flag_shorthands import written_out

HOMES = {"model": "model.path", "served_model_name": "model.served_name"}
SERVER = ServerFlags(
    server_kinds(
        switches=(
            "allow_credentials", "cohere_is_reasoning_model", "disable_fastapi_docs",
            "disable_uvicorn_access_log", "enable_auto_tool_choice",
            "enable_flash_late_interaction", "enable_force_include_usage", "enable_log_deltas",
            "enable_log_outputs", "enable_offline_docs", "enable_per_request_metrics",
            "enable_prompt_tokens_details", "enable_request_id_headers", "enable_scale_out",
            "enable_server_load_tracking", "enable_ssl_refresh", "enable_tokenizer_info_endpoint",
            "exclude_tools_when_tool_choice_none", "grpc", "headless", "log_error_stack",
            "return_tokens_as_token_ids", "tokens_only", "trust_request_chat_template",
            "trust_request_mm_kwargs",
        ),
        values=(
            "allowed_headers", "allowed_methods", "allowed_origins",
            "anthropic_disabled_thinking_effort", "api_server_count", "chat_template",
            "chat_template_content_format", "cohere_format", "data_parallel_supervisor_port",
            "default_chat_template_kwargs", "disable_access_log_for_endpoints",
            "dp_supervisor_probe_failure_threshold", "dp_supervisor_probe_interval_s",
            "dp_supervisor_probe_timeout_s", "fingerprint_mode", "fingerprint_value", "grpc_port",
            "h11_max_header_count", "h11_max_incomplete_event_size", "host", "max_log_len",
            "middleware", "port", "response_role", "root_path", "sse_keep_alive_interval",
            "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_ciphers", "ssl_keyfile",
            "tool_call_parser", "tool_parser_plugin", "tool_server", "tool_strict_level", "uds",
            "uvicorn_log_level",
        ),
        lists=("api_key", "lora_modules"),
    ),
    homes={
        "headless": "backend.headless",
        "host": "frontend.host",
        "port": "frontend.port",
        "tool_call_parser": "runtime.tool_call_parser",
        "chat_template": "runtime.custom_jinja_template",
        "exclude_tools_when_tool_choice_none": "runtime.exclude_tools_when_tool_choice_none",
    },
    reasons={
        "enable_auto_tool_choice": "needs no switch here: a set parser is used",
        "lora_modules": "adapters are loaded while the worker runs, not at its start",
        "tokens_only": "a worker of Dynamo always takes tokens",
    },
    otherwise="belongs to vLLM's own HTTP server, which is not started here",
)  # fmt: skip

CPU_VARIABLES = ("VLLM_CPU_KVCACHE_SPACE", "VLLM_CPU_OMP_THREADS_BIND")
"""Variables that only vLLM's CPU build reads."""


def prepared(words: Sequence[str], read: ReadFile, *, worker: bool) -> Prepared:
    """Write out `--config`, `-O3` and dotted flags."""
    return written_out(words, read)


def default_model(*, worker: bool) -> str | None:
    """vLLM has a default model."""
    return str(load("vllm").arguments["model"].default)


def settled(found: Found, connectors: Mapping[str, ConnectorEntry]) -> Found:
    """Choose connectors and device, and keep KV events off where nobody asked for them."""
    groups, settings, engine = dict(found.groups), dict(found.settings), dict(found.engine)
    transfer = engine.get("kv_transfer_config")
    if isinstance(transfer, Mapping) and not groups.get("connector"):
        chosen = connector_settings(transfer, connectors)
        if chosen is not None:
            groups["connector"], settings = chosen.names, settings | chosen.settings
            del engine["kv_transfer_config"]
    if any(name in found.environment for name in CPU_VARIABLES):
        settings.setdefault("backend.device", "cpu")
    if found.worker and _would_publish(groups, engine):
        engine["kv_events_config"] = None
    settings |= _embeddings(groups, engine)
    return dataclasses.replace(found, groups=groups, settings=settings, engine=engine)


def _would_publish(groups: Mapping[str, Any], engine: Mapping[str, Any]) -> bool:
    """Whether planning would add KV events (R70), which today's Dynamo does only when told."""
    role = role_named(str(groups.get("role", "")))
    on = engine.get("enable_prefix_caching") is not False
    return on and role.publishes_kv_events and "kv_events_config" not in engine


def _embeddings(groups: Mapping[str, Any], engine: dict[str, Any]) -> dict[str, Any]:
    """Say in settings what a native encoder's `ec_transfer_config` says (R87 to R90)."""
    given = engine.get("ec_transfer_config")
    produces = role_named(str(groups.get("role", ""))).produces_embeddings
    if not produces or not isinstance(given, Mapping):
        return {}
    del engine["ec_transfer_config"]
    extra = dict(given.get("ec_connector_extra_config") or {})
    path = extra.pop("shared_storage_path", None)
    said = {
        "multimodal.ec_connector_backend": given.get("ec_connector"),
        "multimodal.ec_storage_path": path,
        "multimodal.ec_extra_config": extra,
    }
    return {key: value for key, value in said.items() if value}
