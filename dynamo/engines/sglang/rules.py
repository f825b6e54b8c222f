"""Rules that only SGLang has: small pure functions, each with its number."""

from collections.abc import Callable, Iterator
from typing import Any

from dynamo.config.derive import served_name
from dynamo.config.known_names import reasoning_parsers, tool_call_parsers
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.engines.argument_checks import as_override
from dynamo.engines.catalogue import load
from dynamo.engines.choices import engine_version
from dynamo.engines.sglang.arguments import TRANSFER_CONNECTORS, fixed, sglang
from dynamo.engines.sglang.kv_events import kv_events, use_kv_events
from dynamo.engines.sglang.worker_kind import disaggregation_mode

Rule = Callable[[Config, Machine], Iterator[Problem]]


def engine_problem(
    config: Config,
    name: str,
    message: str,
    allowed: str = "",
    suggestion: str = "",
    rule: str = "",
    *,
    fatal: bool = True,
) -> Problem:
    """Return a problem about one argument of the engine."""
    value: Any = config.backend.engine.get(name)
    path = f"backend.engine.{name}"
    return Problem(path, value, message, allowed, suggestion, rule, fatal=fatal)


def model_named_once(config: Config, machine: Machine) -> Iterator[Problem]:
    """R46: model and served name are settings of the model, which the frontend is told too."""
    homes = {
        "model_path": ("model.path", config.model.path),
        "served_model_name": ("model.served_name", served_name(config)),
    }
    for argument, (home, same) in homes.items():
        value = config.backend.engine.get(argument)
        if value is not None and value != same:
            text = f"belongs to {home}, which the frontend is told too"
            meant = as_override(home, value)
            yield engine_problem(config, argument, text, "leave it out", meant, "R46")


def role_named_once(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: which half of inference the worker does is a role, from which names are derived."""
    value, mode = config.backend.engine.get("disaggregation_mode"), disaggregation_mode(config)
    if value is not None and value != mode:
        words = {"null": "aggregated"}
        meant = f"role={words.get(str(value), value)}"
        text = f"contradicts role={config.role.name}"
        yield engine_problem(config, "disaggregation_mode", text, "leave it out", meant, "R98")


def fixed_arguments(config: Config, machine: Machine) -> Iterator[Problem]:
    """R151, R152, R156: the reference overwrites these silently; here a contrary value is refused.

    Dynamo 1.6.1 leaves `skip_tokenizer_init` alone; the documents, followed here, tie it to the
    tokenizer switch.
    """
    catalogue = load("sglang", engine_version("sglang", config, machine))
    for needed in fixed(config, catalogue):
        value = config.backend.engine.get(needed.name)
        if value is not None and value != needed.value:
            meant = as_override(f"backend.engine.{needed.name}", needed.value)
            text = f"would break the worker: {needed.why}"
            allowed = meant.partition("=")[2]
            yield engine_problem(config, needed.name, text, allowed, meant, needed.rule)


def template_needs_dynamos_tokenizer(config: Config, machine: Machine) -> Iterator[Problem]:
    """R150: Dynamo's frontend applies a custom template, and SGLang's tokenizer bypasses it."""
    template = config.runtime.custom_jinja_template
    if template is not None and sglang(config).use_sglang_tokenizer:
        text = "is never used: backend.use_sglang_tokenizer bypasses the frontend that applies it"
        meant = as_override("backend.engine.chat_template", template)
        allowed = "one of the two; SGLang's own template is backend.engine.chat_template"
        yield Problem("runtime.custom_jinja_template", template, text, allowed, meant, "R150")


def text_mode_serves_chat(config: Config, machine: Machine) -> Iterator[Problem]:
    """R133: with the engine's tokenizer only chat completions work."""
    types = [name.lower() for name in config.runtime.endpoint_types]
    if sglang(config).use_sglang_tokenizer and types != ["chat"]:
        text = "offers more than chat, which is all that works with backend.use_sglang_tokenizer"
        yield Problem(
            "runtime.endpoint_types", ",".join(types), text, "chat",
            "runtime.endpoint_types=[chat]", "R133", fatal=False,
        )  # fmt: skip


def dynamos_parsers_win(config: Config, machine: Machine) -> Iterator[Problem]:
    """R153: Dynamo's parser is used where both are given, with a notice.

    Dynamo 1.0.2 refuses both together; the documents, followed here, prefer Dynamo's. SGLang's
    alone is used when Dynamo knows its name.
    """
    known = {"tool_call_parser": tool_call_parsers(), "reasoning_parser": reasoning_parsers()}
    for name, allowed in known.items():
        engines, dynamos = config.backend.engine.get(name), getattr(config.runtime, name)
        if engines is None:
            continue
        if dynamos is not None:
            text = f"gives way to runtime.{name}={dynamos}"
            yield engine_problem(config, name, text, "one of the two", rule="R153", fatal=False)
        elif engines not in allowed:
            near = closest(str(engines), allowed, limit=1)
            meant = f"runtime.{name}={near[0]}" if near else ""
            text = "is not known to Dynamo, which parses what the worker generates"
            yield engine_problem(config, name, text, ", ".join(allowed), meant, "R153")


def kv_events_can_be_read(config: Config, machine: Machine) -> Iterator[Problem]:
    """R80: what is not a JSON object publishes nothing, and a router by prefixes learns nothing."""
    given = config.backend.engine.get("kv_events_config")
    if given and kv_events(given) is None:
        text = "is not a JSON object, so no KV events are published"
        allowed = 'such as {"publisher": "zmq", "endpoint": "tcp://*:5557"}'
        yield engine_problem(config, "kv_events_config", text, allowed, rule="R80", fatal=False)
    elif config.frontend.router_mode == "kv" and not use_kv_events(given):
        text = "publishes nothing, so the router by cached prefixes learns nothing"
        meant = "backend.engine.kv_events_config.publisher=zmq"
        yield engine_problem(config, "kv_events_config", text, "", meant, "R80", fatal=False)


def connector_is_a_transfer_backend(config: Config, machine: Machine) -> Iterator[Problem]:
    """SGLang moves KV cache by its own transfer backends; two connectors name one, and only one
    is used."""
    used = [name for name in config.connector.chain if name in TRANSFER_CONNECTORS][:1]
    for name in config.connector.chain:
        if name not in used:
            text = "is no connector of SGLang, or a second one, and has no effect"
            known = ", ".join(TRANSFER_CONNECTORS)
            allowed = f"{known}; backend.engine.enable_lmcache, enable_hierarchical_cache"
            yield Problem("connector", name, text, allowed, "connector=none", fatal=False)


def priorities_are_fixed(config: Config, machine: Machine) -> Iterator[Problem]:
    """Dynamo's priorities are higher first, whatever the engine."""
    if config.backend.engine.get("schedule_low_priority_values_first"):
        name = "schedule_low_priority_values_first"
        meant = f"backend.engine.{name}=false"
        text = "contradicts Dynamo's priorities: higher values come first"
        yield engine_problem(config, name, text, "false", meant)


RULES: tuple[Rule, ...] = (
    model_named_once,
    role_named_once,
    fixed_arguments,
    template_needs_dynamos_tokenizer,
    text_mode_serves_chat,
    dynamos_parsers_win,
    kv_events_can_be_read,
    connector_is_a_transfer_backend,
    priorities_are_fixed,
)
