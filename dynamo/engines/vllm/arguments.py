"""From a checked configuration to the arguments of vLLM's AsyncEngineArgs (R41 to R46)."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamo.config.derive import served_name
from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.config.schema import Config
from dynamo.engines.argument_types import human_readable_int
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.choices import Decision, catalogue_notes, chosen_device, engine_version
from dynamo.engines.vllm.ec_transfer import ec_transfer_config
from dynamo.engines.vllm.environment import engine_environment
from dynamo.engines.vllm.kv_events import automatic_kv_events
from dynamo.engines.vllm.kv_transfer import kv_transfer_config, uses_nixl

FIXED = {
    "runner": "generate",
    "skip_tokenizer_init": False,
    "enable_log_requests": False,
    "disable_log_stats": False,
}
"""R42: what the worker relies on."""
BLOCK_SIZE = {"cuda": 16, "cpu": 32}
"""R43: tokens per KV cache block; vLLM's CPU kernels want a multiple of 32."""
LATENT_BLOCK_SIZE = 64
"""What FlashMLA, FlashInfer's and FlashAttention's MLA and the sparse kernels all read."""


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """R41, R56: the engine's plan, and what was decided for the user, one sentence each."""
    device = chosen_device(config, machine)
    version = engine_version("vllm", config, machine)
    notes = catalogue_notes("vllm", "vLLM", version)
    arguments: dict[str, Any] = {
        "model": config.model.path,
        "served_model_name": served_name(config),
    }
    arguments |= with_numbers(config.backend.engine, load("vllm", version))
    for decision in _decisions(config, machine, device):
        if arguments.get(decision.name) is None:
            arguments[decision.name] = decision.value
            notes.append(decision.note)
    transfer = kv_transfer_config(config.connector.chain)
    if transfer is not None:
        arguments["kv_transfer_config"] = transfer
    elif arguments.get("kv_transfer_config") is not None:
        notes.append("KV cache moves as backend.engine.kv_transfer_config says (R50).")
    embeddings = ec_transfer_config(config)
    if embeddings is not None:
        arguments["ec_transfer_config"] = embeddings
    if "kv_events_config" not in config.backend.engine:
        events = automatic_kv_events(config, arguments)
        if events is not None:
            arguments["kv_events_config"] = events
            notes.append(f"KV events are published at {events['endpoint']} (R70).")
    elif arguments["kv_events_config"] is None:
        del arguments["kv_events_config"]
    environment = engine_environment(config, machine, device, arguments)
    notes += _environment_notes(config, environment)
    return EnginePlan("vllm", version, device, arguments, environment), notes


def with_numbers(arguments: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Turn sizes such as `4k` into the numbers that AsyncEngineArgs takes."""
    plain = dict(arguments)
    for name, value in arguments.items():
        units = catalogue.arguments[name].units if name in catalogue.arguments else ""
        if units and isinstance(value, str):
            plain[name] = -1 if value == "auto" else human_readable_int(value)
    return plain


def _decisions(config: Config, machine: Machine, device: str) -> Iterator[Decision]:
    """R42 to R45, R59, R60: each argument that is decided unless the user gave it, and why."""
    for name, value in FIXED.items():
        yield Decision(name, value, "the worker relies on it", "R42")
    yield _block_size(config, machine, device)
    yield Decision("enable_prefix_caching", True, "on unless it is switched off", "R44")
    facts = machine.models.get(config.model.path)
    if device == "cpu" and not machine.cpu_bf16 and not (facts and facts.quantization):
        why = "this CPU has no bf16 instructions, and emulating them is slow"
        yield Decision("dtype", "float32", why)
    if uses_nixl(kv_transfer_config(config.connector.chain)) and tensor_parallel(config) == 1:
        why = "NIXL must not share a process"
        yield Decision("distributed_executor_backend", "mp", why, "R59")


def _block_size(config: Config, machine: Machine, device: str) -> Decision:
    """R43: 16, or 32 on a CPU; but 64 where the kernels of latent attention want that."""
    facts = machine.models.get(config.model.path)
    latent = any(cache.kind == "latent" for cache in (facts.caches if facts else None) or ())
    if latent and device == "cuda":
        why = "most kernels of this model's latent attention (MLA) read no other"
        return Decision("block_size", LATENT_BLOCK_SIZE, why, "R43")
    return Decision("block_size", BLOCK_SIZE[device], f"the default on {device}", "R43")


def tensor_parallel(config: Config) -> int:
    """Return the number of GPUs, or CPU processes, that hold one copy of the model."""
    return int(config.backend.engine.get("tensor_parallel_size") or 1)


def _environment_notes(config: Config, environment: Mapping[str, str]) -> list[str]:
    decided = {
        name: value for name, value in environment.items() if name not in config.backend.environment
    }
    notes = []
    if "VLLM_CPU_KVCACHE_SPACE" in decided:
        size = decided["VLLM_CPU_KVCACHE_SPACE"]
        notes.append(
            f"The KV cache takes {size} GiB of main memory; "
            "backend.environment.VLLM_CPU_KVCACHE_SPACE changes that."
        )
    if decided:
        notes.append("Set for the engine: " + ", ".join(f"{k}={v}" for k, v in decided.items()))
    return notes
