"""Whatever a config.json holds, an estimate of memory raises nothing and makes sense."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.config.machine import Machine
from dynamo.config.memory_plan import MemoryPlan
from dynamo.config.model_facts import model_facts
from dynamo.config.plan import EnginePlan
from dynamo.engines.memory.fit import fit_problems, memory_note
from dynamo.engines.sglang.memory import memory_plan as sglang_plan
from dynamo.engines.trtllm.memory import memory_plan as trtllm_plan
from dynamo.engines.vllm.memory import memory_plan as vllm_plan
from tests.models import configs

KEYS = sorted({key for config in configs().values() for key in config})
SPOILT = st.dictionaries(
    st.sampled_from(KEYS), st.none() | st.integers(-1, 300) | st.text(max_size=4), max_size=3
)
SIZES = st.integers(1, 16)
H100 = Machine(gpus=8, gpu_memory_bytes=(85_017_493_504,) * 8)


def plans(config: dict[str, Any], ranks: int, stages: int) -> list[MemoryPlan]:
    facts = model_facts(config)
    sizes = {"tensor_parallel_size": ranks, "pipeline_parallel_size": stages}
    short = {"tp_size": ranks, "pp_size": stages}
    return [
        vllm_plan(facts, EnginePlan("vllm", "0.32.0", "cuda", sizes, {}), H100),
        sglang_plan(facts, EnginePlan("sglang", "0.5.20", "cuda", short, {}), H100),
        trtllm_plan(facts, EnginePlan("trtllm", "1.2", "cuda", sizes, {}), H100),
    ]


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(configs())), spoilt=SPOILT, ranks=SIZES, stages=SIZES)
def test_a_spoilt_file_still_gives_an_estimate_or_none(
    name: str, spoilt: dict[str, Any], ranks: int, stages: int
) -> None:
    for plan in plans({**configs()[name], **spoilt}, ranks, stages):
        list(fit_problems(plan))
        assert (plan.estimate is None) == (memory_note(plan) == "")
        if plan.estimate is not None:
            assert plan.estimate.sequence_bytes > 0
            assert plan.estimate.weights_bytes >= 0


@pytest.mark.parametrize("name", sorted(configs()))
def test_every_model_that_is_counted_has_an_estimate(name: str) -> None:
    facts = model_facts(configs()[name])
    known = facts.weights is not None and facts.caches is not None
    assert (plans(configs()[name], 8, 1)[0].estimate is not None) == known
