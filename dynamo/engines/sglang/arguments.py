"""From a checked configuration to the arguments of SGLang's ServerArgs (R98, R151 to R156)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from dynamo.config.derive import served_name
from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.config.roles import role_named
from dynamo.config.schema import Config, SglangBackend
from dynamo.engines.argument_types import size_from_text
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.choices import Decision, catalogue_notes, chosen_device, engine_version
from dynamo.engines.sglang.environment import engine_environment
from dynamo.engines.sglang.worker_kind import chosen_kinds, disaggregation_mode

TRANSFER_CONNECTORS = ("nixl", "mooncake")
"""Connectors that SGLang has too, as transfer backends between prefill and decode."""
CPU_ARGUMENTS = {
    "device": "cpu",
    "attention_backend": "torch_native",
    "sampling_backend": "pytorch",
    "disable_cuda_graph": True,
}
"""With these SGLang runs on a CPU without AMX."""
CPU_KV_CACHE_TOKENS = 65536
"""Eight full contexts of the default model, 3 GiB; the size in bytes depends on the model."""
STREAMING = ("incremental_streaming_output", "stream_output")
"""R152: names of one argument, today's first."""


def engine_plan(config: Config, machine: Machine) -> tuple[EnginePlan, list[str]]:
    """Return the engine's plan, and what was decided for the user, one sentence each."""
    device, version = chosen_device(config, machine), engine_version("sglang", config, machine)
    catalogue = load("sglang", version)
    notes = catalogue_notes("sglang", "SGLang", version)
    arguments = {"model_path": config.model.path, "served_model_name": served_name(config)}
    arguments |= as_sglang_takes_them(config.backend.engine, catalogue)
    for decision in decisions(config, machine, catalogue):
        if arguments.get(decision.name) is None:
            arguments[decision.name] = decision.value
            notes.append(decision.note)
    notes += _bootstrap_notes(config, arguments)
    environment = engine_environment(config, device, arguments)
    return EnginePlan("sglang", version, device, arguments, environment), notes


def as_sglang_takes_them(arguments: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Turn sizes such as `4k` into numbers, and mappings into JSON where the engine wants text."""
    plain = dict(arguments)
    for name, value in arguments.items():
        argument = catalogue.arguments.get(name)
        if argument is not None and argument.units and isinstance(value, str):
            plain[name] = size_from_text(value, argument.units)
        elif argument is not None and argument.as_json == "text" and isinstance(value, Mapping):
            plain[name] = json.dumps(value)
    return plain


def decisions(config: Config, machine: Machine, catalogue: Catalogue) -> Iterator[Decision]:
    """Yield each argument that is decided unless the user gave it, and why."""
    yield from fixed(config, catalogue)
    yield from _roles(config)
    yield Decision("enable_metrics", True, "the worker exports what the engine counts", "R111")
    gateways = sglang(config).gateway_workers
    if gateways is not None:
        yield Decision("tokenizer_worker_num", gateways, "as many as backend.gateway_workers")
    if chosen_device(config, machine) == "cpu":
        for name, value in CPU_ARGUMENTS.items():
            yield Decision(name, value, "what SGLang needs on a CPU")
        why = "the KV cache would otherwise take most of the main memory"
        yield Decision("max_total_tokens", CPU_KV_CACHE_TOKENS, why)
        yield Decision("sleep_on_idle", True, "waiting would otherwise keep a core busy")
        if not machine.cpu_bf16:
            why = "this CPU has no bf16 instructions, and emulating them is slow"
            yield Decision("dtype", "float32", why)


def fixed(config: Config, catalogue: Catalogue) -> Iterator[Decision]:
    """R151, R152, R156: what the worker relies on; a user's contrary choice is refused."""
    backend = sglang(config)
    name = streaming_argument(catalogue)
    yield Decision(name, True, "the worker passes on new tokens only", "R152")
    own = backend.use_sglang_tokenizer
    why = "SGLang tokenises" if own else "Dynamo's frontend tokenises"
    yield Decision("skip_tokenizer_init", not own, why, "R151")
    if backend.embedding_worker or backend.rerank_worker:
        yield Decision("is_embedding", True, "the worker serves no generated text", "R156")
    if backend.rerank_worker:
        yield Decision("disable_radix_cache", True, "a cross-encoder reads both ways")
        why = "a cross-encoder reads each text in one pass"
        yield Decision("chunked_prefill_size", -1, why)


def streaming_argument(catalogue: Catalogue) -> str:
    """R152: return the name that the version has for streaming only what is new."""
    return next((name for name in STREAMING if name in catalogue.arguments), STREAMING[0])


def _roles(config: Config) -> Iterator[Decision]:
    role, mode = f"role={config.role.name}", disaggregation_mode(config)
    if mode != "null":
        yield Decision("disaggregation_mode", mode, role)
        for name in [name for name in config.connector.chain if name in TRANSFER_CONNECTORS][:1]:
            yield Decision("disaggregation_transfer_backend", name, f"connector={name}")
    if role_named(config.role.name).worker_type == "encode":
        yield Decision("encoder_only", True, f"{role} runs no language model")
    if config.multimodal.enabled and not chosen_kinds(sglang(config)):
        yield Decision("enable_multimodal", True, "multimodal.enabled")


def _bootstrap_notes(config: Config, arguments: Mapping[str, Any]) -> Iterator[str]:
    """R154: planning opens no socket, so the worker itself reserves the port."""
    name = "disaggregation_bootstrap_port"
    if disaggregation_mode(config) == "prefill" and arguments.get(name) is None:
        yield (
            "A free port for the KV cache hand-over is reserved when the worker starts; "
            f"backend.engine.{name} fixes it (R154)."
        )


def sglang(config: Config) -> SglangBackend:
    """Return the backend section as what it is."""
    return cast(SglangBackend, config.backend)
