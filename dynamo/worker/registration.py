"""Tell the frontend which model and adapters this worker serves (R100 to R104, R139)."""

import functools
import json
import operator
from pathlib import Path
from typing import Any, Protocol

from dynamo.llm import (
    ModelInput,
    ModelRuntimeConfig,
    ModelType,
    WorkerType,
    lora_name_to_id,
    register_model,
)

from dynamo.config.plan import ModelPlan, RegistrationPlan
from dynamo.engines.base import EngineInfo
from dynamo.worker.routing import router_config

MODEL_INPUTS = {"tokens": ModelInput.Tokens, "text": ModelInput.Text}
ENDPOINT_TYPES = {"chat": ModelType.Chat, "completions": ModelType.Completions}
WORKER_TYPES = {
    "aggregated": WorkerType.Aggregated,
    "prefill": WorkerType.Prefill,
    "decode": WorkerType.Decode,
    "encode": WorkerType.Encode,
}


class Described(Protocol):
    """What is registered: a worker's own plan, or the card of a worker that is elsewhere."""

    @property
    def model(self) -> ModelPlan: ...

    @property
    def registration(self) -> RegistrationPlan: ...


async def register(
    plan: Described, endpoint: Any, directory: Path, info: EngineInfo, adapter: str | None = None
) -> None:
    """Publish the model card under the endpoint's instance; R139: or that of an adapter."""
    registration = plan.registration
    await register_model(
        MODEL_INPUTS[registration.model_input],
        model_type(plan),
        endpoint,
        str(directory),
        adapter or plan.model.served_name,
        kv_cache_block_size=info.kv_block_size,
        router_config=router_config(registration.router),
        runtime_config=runtime_config(plan, info),
        custom_template_path=registration.custom_jinja_template,
        worker_type=WORKER_TYPES[registration.worker_type],
        needs=[[WORKER_TYPES[name] for name in peers] for peers in registration.needs] or None,
        lora_name=adapter,
        max_gpu_lora_count=info.max_adapters or None,
        base_model_path=str(directory) if adapter else None,
        user_data={"lora_adapter": True, "lora_id": lora_name_to_id(adapter)} if adapter else None,
    )


def model_type(plan: Described) -> ModelType:
    """R32: the union of the chosen endpoints; R103: a prefill worker is not called by clients.

    R133: text is answered in chat completion chunks, which no other endpoint understands.
    """
    registration = plan.registration
    if registration.worker_type == "prefill":
        return ModelType.Prefill
    types = [ENDPOINT_TYPES[name] for name in registration.endpoint_types]
    if registration.model_input == "text" and ModelType.Chat in types:
        return ModelType.Chat
    return functools.reduce(operator.or_, types)


def runtime_config(plan: Described, info: EngineInfo) -> ModelRuntimeConfig:
    """R102: the limits that router and planner count with."""
    registration, config = plan.registration, ModelRuntimeConfig()
    config.context_length = info.context_length
    config.total_kv_blocks = info.total_kv_blocks
    config.max_num_seqs = info.max_num_seqs
    config.max_num_batched_tokens = info.max_num_batched_tokens
    config.data_parallel_start_rank = info.data_parallel_start_rank
    config.data_parallel_size = info.data_parallel_size
    config.tool_call_parser = registration.tool_call_parser
    config.reasoning_parser = registration.reasoning_parser
    config.kv_event_publishing_enabled = registration.use_kv_events
    config.enable_local_indexer = registration.enable_local_indexer
    config.kv_state_endpoint = registration.kv_state_endpoint
    config.exclude_tools_when_tool_choice_none = registration.exclude_tools_when_tool_choice_none
    if registration.structural_tag:
        config.set_structural_tag(dict(registration.structural_tag))
    if registration.default_thinking_mode is not None:
        mode = json.dumps(registration.default_thinking_mode)
        config.set_engine_specific("default_thinking_mode", mode)
    return config


def health_check_payload(plan: Described, info: EngineInfo) -> dict[str, Any]:
    """R195: the planned canary, else the smallest request that proves that the engine generates."""
    registration = plan.registration
    if registration.canary_payload:
        return dict(registration.canary_payload)
    if registration.model_input == "text":
        return {"prompt": "Test", "max_tokens": 1, "temperature": 0.0, "_HEALTH_CHECK": True}
    return {
        "token_ids": [1 if info.bos_token_id is None else info.bos_token_id],
        "sampling_options": {"temperature": 0.0},
        "stop_conditions": {
            "max_tokens": 1,
            "stop": None,
            "stop_token_ids": None,
            "include_stop_str_in_output": False,
            "ignore_eos": False,
        },
        "_HEALTH_CHECK": True,
    }
