"""Rules that only TensorRT-LLM has: small pure functions, each with its number."""

from collections.abc import Callable, Iterator
from typing import Any

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.engines.argument_checks import as_override
from dynamo.engines.trtllm.arguments import (
    CONNECTOR,
    engine_arguments,
    layers,
    publishes_kv_events,
    trtllm,
)
from dynamo.engines.trtllm.extra_file import unusable
from dynamo.engines.trtllm.merging import differing
from dynamo.engines.trtllm.modality import ROLES, is_diffusion

Rule = Callable[[Config, Machine], Iterator[Problem]]


def needs_a_gpu(config: Config, machine: Machine) -> Iterator[Problem]:
    """TensorRT-LLM has no CPU path."""
    if config.backend.device == "cpu":
        text = "is not possible: TensorRT-LLM runs on NVIDIA GPUs only"
        yield Problem("backend.device", "cpu", text, "auto, cuda", "backend.device=cuda")


def model_named_once(config: Config, machine: Machine) -> Iterator[Problem]:
    """R46: the model is a setting of its own, which the frontend is told too."""
    for place, layer in layers(config).items():
        value = layer.get("model")
        if value is not None and value != config.model.path:
            text = "belongs to model.path, which the frontend is told too"
            meant = as_override("model.path", value)
            yield Problem(f"{place}.model", value, text, "leave it out", meant, "R46")


def extra_file_can_be_used(config: Config, machine: Machine) -> Iterator[Problem]:
    """R163: the file holds one mapping of arguments."""
    yield from unusable(trtllm(config).extra_engine_args)


def overrides_do_not_contradict(config: Config, machine: Machine) -> Iterator[Problem]:
    """R163: the JSON wins over the YAML file, but says nothing against `backend.engine`.

    The reference refuses its dotted flags, which `backend.engine` stands for, beside the JSON
    altogether; here only what contradicts.
    """
    backend = trtllm(config)
    for path, weaker, value in differing(backend.engine, backend.override_engine_args):
        text = f"contradicts backend.engine.{path}={weaker}"
        where = f"backend.override_engine_args.{path}"
        yield Problem(where, value, text, "one of the two", rule="R163")


def one_connector(config: Config, machine: Machine) -> Iterator[Problem]:
    """R164: at most one connector, and that is KVBM; any other is left out, with a notice."""
    chain = list(config.connector.chain)
    if len(chain) > 1:
        text = "are several connectors, and TensorRT-LLM takes one"
        meant = f"connector={CONNECTOR if CONNECTOR in chain else 'none'}"
        yield Problem("connector", ",".join(chain), text, f"none, {CONNECTOR}", meant, "R164")
    elif chain and chain != [CONNECTOR]:
        text = "is no connector of TensorRT-LLM; none is used"
        yield Problem(
            "connector", chain[0], text, f"none, {CONNECTOR}", "connector=none", "R164", fatal=False
        )


def halves_hand_over(config: Config, machine: Machine) -> Iterator[Problem]:
    """R65: prefill and decode workers exchange KV cache through the cache transceiver."""
    transceiver: Any = engine_arguments(config).get("cache_transceiver_config") or {}
    if config.role.name.lower() in ("prefill", "decode") and not transceiver.get("backend"):
        text = "has no way to exchange KV cache"
        allowed = "backend.engine.cache_transceiver_config.backend"
        meant = "backend.engine.cache_transceiver_config.backend=DEFAULT"
        yield Problem("role.name", config.role.name, text, allowed, meant, "R65")


def role_is_known(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: TensorRT-LLM aggregates, prefills, decodes or encodes."""
    role = config.role.name
    if role.lower() not in ROLES:
        near = closest(role, ROLES, limit=1)
        meant = f"role={near[0]}" if near else ""
        text = "is no role of TensorRT-LLM"
        yield Problem("role.name", role, text, ", ".join(ROLES), meant, "R98")


def modality_is_one(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: diffusion models take no media, and have no prefill and decode."""
    if not is_diffusion(config):
        return
    chosen = trtllm(config).modality
    if config.multimodal.enabled:
        text = "cannot be combined with multimodal.enabled"
        yield Problem("backend.modality", chosen, text, "one of the two", "multimodal=disabled")
    if config.role.name.lower() != "aggregated":
        text = f"cannot be played with backend.modality={chosen}"
        yield Problem("role.name", config.role.name, text, "aggregated", "role=aggregated", "R98")


def runs_pytorch(config: Config, machine: Machine) -> Iterator[Problem]:
    """The worker runs the PyTorch backend and post-processes by itself (R42)."""
    for place, layer in layers(config).items():
        chosen, workers = layer.get("backend"), layer.get("num_postprocess_workers")
        if chosen not in (None, "pytorch"):
            text = "is not driven by the worker"
            meant = f"{place}.backend=pytorch"
            yield Problem(f"{place}.backend", chosen, text, "pytorch", meant, "R42")
        if workers:
            text = "has no effect: Dynamo post-processes"
            path = f"{place}.num_postprocess_workers"
            yield Problem(path, workers, text, "leave it out", rule="R42", fatal=False)


def kv_events_need_reuse(config: Config, machine: Machine) -> Iterator[Problem]:
    """R67: without reuse of blocks there are no KV events."""
    cache: Any = engine_arguments(config).get("kv_cache_config") or {}
    if publishes_kv_events(trtllm(config)) and cache.get("enable_block_reuse") is False:
        text = "leaves nothing to publish: no block is ever used again"
        path = "backend.engine.kv_cache_config.enable_block_reuse"
        yield Problem(path, False, text, "true", f"{path}=true", "R67", fatal=False)


def encode_endpoint_name(config: Config, machine: Machine) -> Iterator[Problem]:
    """R99: an endpoint has three parts."""
    endpoint = trtllm(config).encode_endpoint
    if endpoint and len([part for part in endpoint.removeprefix("dyn://").split(".") if part]) != 3:
        yield Problem(
            "backend.encode_endpoint", endpoint, "does not have three parts",
            "dyn://namespace.component.endpoint", rule="R99",
        )  # fmt: skip


RULES: tuple[Rule, ...] = (
    needs_a_gpu,
    model_named_once,
    extra_file_can_be_used,
    overrides_do_not_contradict,
    one_connector,
    halves_hand_over,
    role_is_known,
    modality_is_one,
    runs_pytorch,
    kv_events_need_reuse,
    encode_endpoint_name,
)
