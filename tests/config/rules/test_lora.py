"""Rules about LoRA: the worker's switch and the engine's reserves agree."""

from typing import Any

import pytest

from dynamo.config.rules import lora
from dynamo.config.schema import Config, LoraConfig, StoreConfig, TrtllmBackend, VllmBackend


def config(settings: LoraConfig | None = None, **engine: Any) -> Config:
    backend = VllmBackend(engine=engine)
    return Config(backend=backend, store=StoreConfig("mem"), lora=settings or LoraConfig())


def test_r138_both_sides_on_or_off_is_fine() -> None:
    for built in (config(), config(LoraConfig(enabled=True), enable_lora=True, max_loras=4)):
        assert [problem for rule in RULES for problem in rule(built)] == []


def test_r138_adapters_need_an_engine_with_room_for_them() -> None:
    (problem,) = lora.engine_can_hold_adapters(config(LoraConfig(enabled=True)))
    assert (problem.path, problem.fatal) == ("lora.enabled", True)
    assert problem.allowed == "also backend.engine.enable_lora=true"


def test_r138_room_without_a_way_to_load_is_a_notice() -> None:
    (problem,) = lora.engine_can_hold_adapters(config(enable_lora=True))
    assert (problem.suggestion, problem.fatal) == ("lora.enabled=true", False)


def test_r138_an_engine_that_has_no_such_argument_is_left_alone() -> None:
    built = Config(backend=TrtllmBackend(), lora=LoraConfig(enabled=True))
    assert list(lora.engine_can_hold_adapters(built)) == []


@pytest.mark.parametrize(
    ("built", "paths"),
    [
        (config(max_loras=4), ["backend.engine.max_loras"]),
        (config(max_lora_rank=64), ["backend.engine.max_lora_rank"]),
        (config(LoraConfig(path="/adapters")), ["lora.path"]),
        (config(LoraConfig(hotswap_enabled=True)), ["lora.hotswap_enabled"]),
        (config(LoraConfig(enabled=True, path="/adapters"), enable_lora=True), []),
        (config(LoraConfig(enabled=False)), []),
    ],
)
def test_r138_settings_without_effect_are_notices(built: Config, paths: list[str]) -> None:
    problems = list(lora.adapter_settings_have_a_use(built))
    assert [problem.path for problem in problems] == paths
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        (LoraConfig(allocation_ema_alpha=0.5), ["lora.allocation_predictor=ema"]),
        (LoraConfig(allocation_ema_alpha=0.5, allocation_predictor="ema"), []),
        (LoraConfig(allocation_mcf={"candidate_m": 16}), ["lora.allocation_algorithm=mcf"]),
        (LoraConfig(allocation_mcf={"candidate_m": 16}, allocation_algorithm="mcf"), []),
    ],
)
def test_r138_parts_of_the_allocation_belong_together(
    settings: LoraConfig, meant: list[str]
) -> None:
    problems = lora.allocation_settings_have_a_use(config(settings))
    assert [problem.suggestion for problem in problems] == meant


@pytest.mark.parametrize(
    ("batch", "memory", "wrong"), [(4, 4, 0), (4, 8, 0), (4, 2, 1), (None, 2, 0), (4, None, 0)]
)
def test_r138_main_memory_holds_the_adapters_of_a_batch(
    batch: int | None, memory: int | None, wrong: int
) -> None:
    built = config(enable_lora=True, max_loras=batch, max_cpu_loras=memory)
    assert len(list(lora.adapters_in_memory_fit(built))) == wrong


RULES = (
    lora.engine_can_hold_adapters,
    lora.adapter_settings_have_a_use,
    lora.allocation_settings_have_a_use,
    lora.adapters_in_memory_fit,
)
