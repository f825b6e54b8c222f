"""From a checked configuration to the arguments of TensorRT-LLM's LLM class (R163, R164)."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.config.schema import Config, TrtllmBackend
from dynamo.engines.choices import catalogue_notes, engine_version
from dynamo.engines.trtllm.environment import engine_environment
from dynamo.engines.trtllm.extra_file import SETTING, extra_arguments
from dynamo.engines.trtllm.merging import differing, merged
from dynamo.engines.trtllm.modality import is_diffusion

Arguments = Mapping[str, Any]

OVERRIDES = "backend.override_engine_args"
CONNECTOR = "kvbm"
KVBM_CONNECTOR = {
    "connector_module": "kvbm.trtllm_integration.connector",
    "connector_scheduler_class": "DynamoKVBMConnectorLeader",
    "connector_worker_class": "DynamoKVBMConnectorWorker",
}
SCHEDULER = {
    "capacity_scheduler_policy": "GUARANTEED_NO_EVICT",
    "dynamic_batch_config": {
        "enable_batch_size_tuning": True,
        "enable_max_num_tokens_tuning": False,
        "dynamic_batch_moving_average_window": 128,
    },
}
EVENT_BUFFER_SIZE = 100_000
"""KV events that the engine keeps until they are polled; Dynamo 1.0.2 kept 1024."""
NOT_PASSED_ON = ("backend", "num_postprocess_workers")
"""Arguments that the worker takes out: it runs PyTorch, and post-processes by itself."""


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """Return the engine's plan, and what was decided for the user, one sentence each."""
    version = engine_version("trtllm", config, machine)
    notes = catalogue_notes("trtllm", "TensorRT-LLM", version)
    if is_diffusion(config):
        arguments: dict[str, Any] = {"model": config.model.path}
        notes.append("A diffusion model is run by TensorRT-LLM's VisualGen, not by its LLM class.")
    else:
        arguments = engine_arguments(config)
        notes += _overruled(config)
    environment = engine_environment(config, arguments)
    return EnginePlan("trtllm", version, "cuda", arguments, environment), notes


def engine_arguments(config: Config) -> dict[str, Any]:
    """R163: settings of the backend, then the YAML file, `engine`, and `override_engine_args`."""
    arguments = from_settings(config)
    for layer in layers(config).values():
        arguments = merged(arguments, layer)
    if publishes_kv_events(trtllm(config)):
        arguments = _polled(arguments)
    return {name: value for name, value in arguments.items() if name not in NOT_PASSED_ON}


def layers(config: Config) -> dict[str, Arguments]:
    """R163: what is merged over the settings, weakest first, by the path of the setting."""
    backend = trtllm(config)
    return {
        SETTING: extra_arguments(backend.extra_engine_args),
        "backend.engine": backend.engine,
        OVERRIDES: backend.override_engine_args,
    }


def from_settings(config: Config) -> dict[str, Any]:
    """Return the arguments that Dynamo's worker passes when nobody says otherwise.

    `kv_block_size` sets the engine's block size too; the reference tells the router alone, which
    then counts in blocks that the engine does not have.
    """
    backend = trtllm(config)
    arguments = {
        "model": config.model.path,
        "scheduler_config": SCHEDULER,
        "tensor_parallel_size": backend.tensor_parallel_size,
        "pipeline_parallel_size": backend.pipeline_parallel_size,
        "moe_expert_parallel_size": backend.expert_parallel_size,
        "enable_attention_dp": backend.enable_attention_dp,
        "kv_cache_config": _kv_cache(config),
        "gpus_per_node": backend.gpus_per_node,
        "max_num_tokens": backend.max_num_tokens,
        "max_seq_len": backend.max_seq_len,
        "max_beam_width": backend.max_beam_width,
        "max_batch_size": backend.max_batch_size,
        "return_perf_metrics": False,
        "enable_iter_perf_stats": publishes_metrics(backend),
        "kv_connector_config": KVBM_CONNECTOR if has_kvbm(config) else None,
        "load_format": backend.load_format,
        "guided_decoding_backend": backend.guided_decoding_backend,
        "sleep_config": {} if backend.load_format == "gms" else None,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _kv_cache(config: Config) -> dict[str, Any]:
    """R164: KVBM moves whole blocks, so parts of blocks are not used again."""
    backend = trtllm(config)
    cache: dict[str, Any] = {
        "free_gpu_memory_fraction": backend.free_gpu_memory_fraction,
        "tokens_per_block": backend.kv_block_size,
    }
    return cache | ({"enable_partial_reuse": False} if has_kvbm(config) else {})


def has_kvbm(config: Config) -> bool:
    """R164: whether the only connector of TensorRT-LLM is in use."""
    return list(config.connector.chain) == [CONNECTOR]


def publishes_kv_events(backend: TrtllmBackend) -> bool:
    """Whether KV events are wanted; the combined switch speaks where the single one is unset."""
    single = backend.publish_kv_events
    return backend.publish_events_and_metrics if single is None else single


def publishes_metrics(backend: TrtllmBackend) -> bool:
    """Whether metrics of the engine are wanted; as for KV events."""
    single = backend.publish_metrics
    return backend.publish_events_and_metrics if single is None else single


def _polled(arguments: Arguments) -> dict[str, Any]:
    """Make the engine keep KV events to be polled, unless it publishes them itself."""
    cache = arguments.get("kv_cache_config") or {}
    if cache.get("kv_events_config") or cache.get("event_buffer_max_size"):
        return dict(arguments)
    return merged(arguments, {"kv_cache_config": {"event_buffer_max_size": EVENT_BUFFER_SIZE}})


def _overruled(config: Config) -> Iterator[str]:
    """Say which value holds where two places give different ones."""
    arguments: Arguments = from_settings(config)
    for place, layer in layers(config).items():
        for path, _weaker, value in sorted(differing(arguments, layer), key=lambda item: item[0]):
            yield f"{path} is {value}: {place} says so (R163)."
        arguments = merged(arguments, layer)


def trtllm(config: Config) -> TrtllmBackend:
    """Return the backend section as what it is."""
    return cast(TrtllmBackend, config.backend)
