"""Rules that only vLLM has: small pure functions, each with its number."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from dynamo.config.derive import served_name
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.roles import role_named
from dynamo.config.schema import Config
from dynamo.engines.argument_checks import as_override
from dynamo.engines.choices import chosen_device
from dynamo.engines.kvbm import CACHE_SIZES, kvbm_environment
from dynamo.engines.vllm.arguments import FIXED, tensor_parallel
from dynamo.engines.vllm.kv_transfer import PD_CONNECTORS, kv_transfer_config, uses_nixl

Rule = Callable[[Config, Machine], Iterator[Problem]]


def model_named_once(config: Config, machine: Machine) -> Iterator[Problem]:
    """R46: model and served name are settings of the model, and there is one served name."""
    name = served_name(config)
    homes = {"model": ("path", [config.model.path]), "served_model_name": ("served_name", [name])}
    for argument, (setting, same) in homes.items():
        value = config.backend.engine.get(argument)
        if value is None or value in (same, *same):
            continue
        first = value[0] if isinstance(value, list) and value else value
        meant = as_override(f"model.{setting}", first)
        text = f"belongs to model.{setting}, which the frontend is told too"
        yield _problem(config, argument, text, "leave it out", meant, "R46")


def fixed_arguments(config: Config, machine: Machine) -> Iterator[Problem]:
    """R42: what the worker relies on is not overwritten but refused."""
    for name, needed in FIXED.items():
        value = config.backend.engine.get(name, needed)
        if value != needed:
            text = "would break the worker: it relies on the value below"
            meant = as_override(f"backend.engine.{name}", needed)
            yield _problem(config, name, text, meant.partition("=")[2], meant, "R42")


def block_size_fits_cpu(config: Config, machine: Machine) -> Iterator[Problem]:
    """R43: vLLM's CPU kernels are fast for multiples of 32 only."""
    size = config.backend.engine.get("block_size")
    if chosen_device(config, machine) == "cpu" and isinstance(size, int) and size % 32:
        meant = as_override("backend.engine.block_size", max(32, size - size % 32))
        text = "is slow on a CPU"
        yield _problem(config, "block_size", text, "a multiple of 32", meant, "R43", fatal=False)


def one_source_of_kv_transfer(config: Config, machine: Machine) -> Iterator[Problem]:
    """R50: connectors and `kv_transfer_config` exclude each other."""
    chain = config.connector.chain
    if chain and config.backend.engine.get("kv_transfer_config") is not None:
        text = f"contradicts connector=[{','.join(chain)}]: only one of them can hold"
        allowed = "one of connector and kv_transfer_config"
        yield _problem(config, "kv_transfer_config", text, allowed, "connector=none", "R50")


def pd_connector_takes_two(config: Config, machine: Machine) -> Iterator[Problem]:
    """R55: any order is passed on, but PdConnector itself takes an offloading one, then NIXL."""
    names = list(config.connector.chain)
    if len(names) < 2 or not PD_CONNECTORS.issuperset(names):
        return
    if len(names) > 2 or names[0] == "nixl" or names[1] != "nixl":
        first = next(name for name in names if name != "nixl")
        text = "will be refused by kvbm's PdConnector: it takes one that offloads, then nixl"
        meant = f"connector=[{first},nixl]"
        yield Problem("connector", ",".join(names), text, meant, meant, "R55", fatal=False)


def kvbm_has_a_cache(config: Config, machine: Machine) -> Iterator[Problem]:
    """R54: KVBM of today refuses to start without main memory or disk for its cache."""
    environment = {**kvbm_environment(config), **config.backend.environment}
    if "kvbm" in config.connector.chain and not environment.keys() & set(CACHE_SIZES):
        path = "connector.kvbm_cpu_cache_gb"
        text = "is missing: kvbm wants main memory or disk for its cache"
        yield Problem(path, None, text, "", f"{path}=20", "R54", fatal=False)


def connector_has_a_role(config: Config, machine: Machine) -> Iterator[Problem]:
    """vLLM refuses a connector without a role."""
    transfer = config.backend.engine.get("kv_transfer_config")
    if not isinstance(transfer, dict) or not transfer.get("kv_connector"):
        return
    if transfer.get("kv_role") is None:
        text = "names a connector but not its kv_role"
        allowed = "kv_both, kv_producer, kv_consumer"
        meant = "backend.engine.kv_transfer_config.kv_role=kv_both"
        yield _problem(config, "kv_transfer_config", text, allowed, meant)


def prefill_hands_over(config: Config, machine: Machine) -> Iterator[Problem]:
    """R65: a prefill worker without KV transfer computes what nobody receives."""
    given = config.connector.chain or config.backend.engine.get("kv_transfer_config")
    role = config.role.name
    if role_named(role).worker_type == "prefill" and not given:
        text = "has no way to hand its KV cache over"
        allowed = "a connector, or backend.engine.kv_transfer_config"
        yield Problem("role.name", role, text, allowed, "connector=nixl", "R65")


def executor_fits_nixl(config: Config, machine: Machine) -> Iterator[Problem]:
    """R60: a chosen executor is kept; with NIXL and one GPU, `mp` is advised."""
    executor = config.backend.engine.get("distributed_executor_backend")
    nixl = uses_nixl(kv_transfer_config(config.connector.chain))
    if nixl and tensor_parallel(config) == 1 and executor not in (None, "mp"):
        name = "distributed_executor_backend"
        meant = as_override(f"backend.engine.{name}", "mp")
        text = "lets NIXL and the engine wait for each other's Python lock"
        yield _problem(config, name, text, "mp is advised", meant, "R60", fatal=False)


def kv_events_have_a_reader(config: Config, machine: Machine) -> Iterator[Problem]:
    """R66, R67: who publishes no KV events must not be configured to; R69: off means off."""
    events = config.backend.engine.get("kv_events_config")
    if not isinstance(events, dict):
        return
    if not role_named(config.role.name).publishes_kv_events:
        text = f"has no effect: role={config.role.name} publishes no KV events"
        yield _problem(config, "kv_events_config", text, "leave it out", rule="R66")
    elif config.backend.engine.get("enable_prefix_caching") is False:
        text = "has no effect without prefix caching"
        allowed = "leave it out, or switch prefix caching on"
        meant = "backend.engine.enable_prefix_caching=true"
        yield _problem(config, "kv_events_config", text, allowed, meant, "R67")
    elif not events.get("enable_kv_cache_events"):
        text = "does not enable KV events, so the router learns nothing"
        meant = "backend.engine.kv_events_config.enable_kv_cache_events=true"
        yield _problem(config, "kv_events_config", text, "", meant, "R69", fatal=False)
    elif re.match(r"tcp://[^*\[]", str(events.get("endpoint", ""))):
        text = "makes vLLM connect, not listen, so no event arrives"
        allowed = "tcp://*:PORT or ipc://PATH"
        yield _problem(config, "kv_events_config", text, allowed, fatal=False)


def stream_interval_is_one(config: Config, machine: Machine) -> Iterator[Problem]:
    """R40: tokens are passed on one by one whatever the interval."""
    if config.backend.engine.get("stream_interval", 1) != 1:
        yield _problem(config, "stream_interval", "is not honoured", "1", rule="R40", fatal=False)


def kv_cache_sized_once(config: Config, machine: Machine) -> Iterator[Problem]:
    """vLLM reads VLLM_CPU_KVCACHE_SPACE as whole GiB, and lets it win over the argument."""
    variable = "VLLM_CPU_KVCACHE_SPACE"
    path, size = f"backend.environment.{variable}", config.backend.environment.get(variable)
    if size is None:
        return
    if not re.fullmatch(r"[1-9]\d*", str(size)):
        yield Problem(path, size, "is not a whole number of GiB", "1 or more", f"{path}=1")
    elif config.backend.engine.get("kv_cache_memory_bytes") is not None:
        text = "wins over backend.engine.kv_cache_memory_bytes"
        yield Problem(path, size, text, "one of the two")


RULES: tuple[Rule, ...] = (
    model_named_once,
    fixed_arguments,
    block_size_fits_cpu,
    one_source_of_kv_transfer,
    pd_connector_takes_two,
    kvbm_has_a_cache,
    connector_has_a_role,
    prefill_hands_over,
    executor_fits_nixl,
    kv_events_have_a_reader,
    stream_interval_is_one,
    kv_cache_sized_once,
)


def _problem(
    config: Config,
    name: str,
    message: str,
    allowed: str = "",
    suggestion: str = "",
    rule: str = "",
    *,
    fatal: bool = True,
) -> Problem:
    value: Any = config.backend.engine.get(name)
    path = f"backend.engine.{name}"
    return Problem(path, value, message, allowed, suggestion, rule, fatal=fatal)
