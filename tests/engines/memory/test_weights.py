"""How parallelism spreads the weights over devices."""

from dataclasses import replace

import pytest

from dynamo.config.model_facts import model_facts
from dynamo.engines.memory.parallelism import Parallelism
from dynamo.engines.memory.weights import computing_dtype, weights_bytes
from tests.models import configs, facts_of

GIB = 2**30

REPORTED = [
    # vllm-project/vllm issue 17327: "Model loading took 14.2474 GiB" on each of four GPUs
    ("Qwen/Qwen3-30B-A3B", Parallelism(tensor=4), 14.2474),
    # sgl-project/sglang pull request 18263: "mem usage=56.98 GB"
    ("Qwen/Qwen3-30B-A3B", Parallelism(), 56.98),
]
"""What engines reported in public, in GiB for each GPU."""


@pytest.mark.parametrize(("name", "spread", "reported"), REPORTED)
def test_weights_are_what_engines_report(name: str, spread: Parallelism, reported: float) -> None:
    size = weights_bytes(facts_of(name), spread, "bfloat16")
    assert size is not None
    assert size / GIB == pytest.approx(reported, rel=0.01)


def test_gpt_oss_takes_less_than_kernels_that_pad_it() -> None:
    """vLLM issues 33155 and 23278: 64.38 and 65.97 GiB, since its kernels widen 2880 to 3072."""
    size = weights_bytes(facts_of("openai/gpt-oss-120b"), Parallelism(), "bfloat16")
    assert size is not None
    assert size / GIB == pytest.approx(64.38, rel=0.07)
    assert size / GIB < 64.38


def test_expert_parallelism_spreads_whole_experts_over_data_ranks() -> None:
    facts = facts_of("deepseek-ai/DeepSeek-R1")
    cut = weights_bytes(facts, Parallelism(tensor=8), "bfloat16")
    each = weights_bytes(facts, Parallelism(data=8), "bfloat16")
    spread = weights_bytes(facts, Parallelism(data=8, experts=True), "bfloat16")
    assert cut is not None
    assert each is not None
    assert spread is not None
    assert cut < spread < each / 4


def test_a_pipeline_shares_the_layers() -> None:
    facts = facts_of("meta-llama/Meta-Llama-3.1-70B")
    whole = weights_bytes(facts, Parallelism(), "bfloat16")
    stage = weights_bytes(facts, Parallelism(pipeline=4), "bfloat16")
    assert whole is not None
    assert stage is not None
    assert whole / 4 < stage < whole / 3.5


def test_files_correct_the_count_only_when_they_differ_much() -> None:
    facts = facts_of("Qwen/Qwen3-8B")
    counted = weights_bytes(facts, Parallelism(), "bfloat16")
    assert counted == 2 * (facts.parameters or 0)
    near = replace(facts, checkpoint_bytes=int(counted * 1.03))
    assert weights_bytes(near, Parallelism(), "bfloat16") == counted
    far = replace(facts, checkpoint_bytes=2 * counted)
    assert weights_bytes(far, Parallelism(tensor=2), "bfloat16") == pytest.approx(counted, rel=0.01)


def test_an_unknown_family_is_measured_by_its_files() -> None:
    facts = model_facts({"model_type": "brand_new", "dtype": "bfloat16"}, 8 * GIB)
    assert weights_bytes(facts, Parallelism(tensor=2), "bfloat16") == 4 * GIB
    assert weights_bytes(facts, Parallelism(), "float32") == 16 * GIB
    assert weights_bytes(replace(facts, checkpoint_bytes=None), Parallelism(), "bfloat16") is None


@pytest.mark.parametrize(
    ("own", "chosen", "dtype"),
    [
        ("bfloat16", "auto", "bfloat16"),
        ("float32", "auto", "bfloat16"),
        ("float16", "auto", "float16"),
        ("bfloat16", "float32", "float32"),
    ],
)
def test_auto_is_the_checkpoints_type_in_16_bits(own: str, chosen: str, dtype: str) -> None:
    facts = model_facts({**configs()["Qwen/Qwen3-8B"], "torch_dtype": own})
    assert computing_dtype(facts, chosen) == dtype
