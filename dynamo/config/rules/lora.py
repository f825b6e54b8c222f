"""Rules about LoRA: the worker's switch and the engine's reserves must agree."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config

SWITCH = "backend.engine.enable_lora"
BACKENDS = ("vllm", "sglang", "mocker")
"""Engines that reserve memory for adapters by an argument of this name."""
CAPACITY = ("max_loras", "max_lora_rank", "max_cpu_loras", "max_loras_per_batch")


def engine_can_hold_adapters(config: Config) -> Iterator[Problem]:
    """R138: what the worker offers, the engine must be able to do, and the other way round."""
    if config.backend.name not in BACKENDS:
        return
    engine = bool(config.backend.engine.get("enable_lora"))
    if config.lora.enabled and not engine:
        text = "needs an engine that reserves memory for adapters"
        meant = f"lora=enabled, or {SWITCH}=true"
        yield Problem("lora.enabled", True, text, f"also {SWITCH}=true", meant, "R138")
    elif engine and not config.lora.enabled:
        text = "reserves memory for adapters, and requests to load one are refused"
        yield Problem(SWITCH, True, text, "", "lora.enabled=true", "R138", fatal=False)


def adapter_settings_have_a_use(config: Config) -> Iterator[Problem]:
    """R138: settings of adapters do nothing while adapters are off."""
    engine = config.backend.engine
    given = {f"backend.engine.{name}": engine.get(name) for name in CAPACITY}
    unused = {} if engine.get("enable_lora") else given
    if not config.lora.enabled:
        unused |= {f"lora.{name}": value for name, value in vars(config.lora).items()}
    for path, value in unused.items():
        if value not in (None, False, {}):
            text = "has no effect: adapters are off"
            yield Problem(path, value, text, "", "lora=enabled", "R138", fatal=False)


def allocation_settings_have_a_use(config: Config) -> Iterator[Problem]:
    """R138: the parts of the allocation that belong together."""
    lora = config.lora
    if lora.allocation_ema_alpha is not None and lora.allocation_predictor != "ema":
        text, meant = "counts only for a smoothed load", "lora.allocation_predictor=ema"
        path = "lora.allocation_ema_alpha"
        yield Problem(path, lora.allocation_ema_alpha, text, "", meant, "R138", fatal=False)
    if lora.allocation_mcf and lora.allocation_algorithm != "mcf":
        text, meant = "counts only for min-cost flow", "lora.allocation_algorithm=mcf"
        path = "lora.allocation_mcf"
        yield Problem(path, lora.allocation_mcf, text, "", meant, "R138", fatal=False)


def adapters_in_memory_fit(config: Config) -> Iterator[Problem]:
    """R138: main memory holds at least the adapters of one batch; vLLM would fail at its start."""
    batch, memory = (config.backend.engine.get(name) for name in ("max_loras", "max_cpu_loras"))
    if isinstance(batch, int) and isinstance(memory, int) and memory < batch:
        path = "backend.engine.max_cpu_loras"
        text = f"is less than backend.engine.max_loras={batch}"
        yield Problem(path, memory, text, f"{batch} or more", f"{path}={batch}", "R138")
