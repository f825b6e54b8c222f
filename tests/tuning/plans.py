"""Launch plans on the mock engine, fast enough for unit tests."""

from typing import Any

from dynamo.config.plan import (
    EndpointPlan,
    EnginePlan,
    LaunchPlan,
    ModelPlan,
    RegistrationPlan,
    RuntimePlan,
    WorkloadPlan,
)
from dynamo.tuning.trial import Trial

FAST = {"decode_step_seconds": 0.0005, "decode_seconds_per_sequence": 0.0}


def engine_plan(environment: dict[str, str] | None = None, **arguments: Any) -> EnginePlan:
    return EnginePlan("mocker", "1", "cpu", {**FAST, **arguments}, environment or {})


def workload(**values: int) -> WorkloadPlan:
    defaults = {
        "concurrency": 2,
        "num_requests": 4,
        "input_tokens": 20,
        "output_tokens": 3,
        "seed": 0,
        "warmup_requests": 1,
    }
    return WorkloadPlan(**{**defaults, **values})


def launch_plan(engine: EnginePlan | None = None, **load: int) -> LaunchPlan:
    return LaunchPlan(
        engine=engine or engine_plan(),
        model=ModelPlan("none", "none"),
        role="aggregated",
        endpoint=EndpointPlan("dynamo", "backend", "generate"),
        runtime=RuntimePlan("mem", "tcp", "zmq", {}),
        registration=RegistrationPlan("aggregated", "tokens", ("chat",)),
        frontend=None,
        workload=workload(**load),
    )


def trial(number: int, engine: EnginePlan | None = None, **load: int) -> Trial:
    settings = {**(engine.arguments if engine else {}), **load}
    overrides = tuple(f"{key}={value}" for key, value in settings.items() if key not in FAST)
    return Trial(number, overrides, launch_plan(engine, **load))
