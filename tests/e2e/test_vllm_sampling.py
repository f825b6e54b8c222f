"""What vLLM is asked to sample with; pure, but it needs vLLM's own classes."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamo.engines.base import GenerateRequest, InvalidRequestError

if TYPE_CHECKING:
    from vllm import SamplingParams

pytestmark = pytest.mark.filterwarnings("ignore")  # vLLM's imports warn


@pytest.fixture(scope="module", autouse=True)
def _vllm() -> None:
    pytest.importorskip("vllm")


def params(defaults: dict[str, Any] | None = None, **fields: Any) -> "SamplingParams":
    from dynamo.engines.vllm.sampling import sampling_params

    return sampling_params(GenerateRequest("id", [1, 2, 3], 16, **fields), defaults or {})


def test_r118_the_models_defaults_hold_until_the_request_says_otherwise() -> None:
    defaults = {"temperature": 0.6, "top_k": 20, "max_tokens": 9999}
    made = params(defaults, sampling={"temperature": 0.25})
    assert (made.temperature, made.top_k, made.max_tokens) == (0.25, 20, 16)


def test_r118_tokens_come_as_they_are_made_and_not_as_text() -> None:
    from vllm.sampling_params import RequestOutputKind

    made = params()
    assert made.detokenize is False
    assert made.output_kind is RequestOutputKind.DELTA


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 3),
        ("presence_penalty", -1.5),
        ("frequency_penalty", 0.5),
        ("repetition_penalty", 1.25),
        ("temperature", 0.5),
        ("top_p", 0.75),
        ("top_k", 7),
        ("min_p", 0.125),
        ("seed", 42),
    ],
)
def test_r120_an_option_that_vllm_knows_is_taken(name: str, value: Any) -> None:
    assert getattr(params(sampling={name: value}), name) == value


@pytest.mark.parametrize("name", ["best_of", "detokenize", "output_kind", "skip_clone", "odd"])
def test_r120_any_other_option_is_ignored(name: str) -> None:
    assert params(sampling={name: True}) == params()


def test_r125_an_option_without_a_value_changes_nothing() -> None:
    assert params({"top_p": 0.5}, sampling={"top_p": None}).top_p == 0.5


@pytest.mark.parametrize(
    ("kind", "constraint"),
    [
        ("json", {"type": "object"}),
        ("regex", "[a-z]+"),
        ("choice", ["yes", "no"]),
        ("grammar", "root ::= 'a'"),
    ],
)
def test_r119_each_constraint_becomes_a_structured_output(kind: str, constraint: Any) -> None:
    guided = {"json": None, "regex": None, kind: constraint, "whitespace_pattern": " ?"}
    made = params(guided_decoding=guided).structured_outputs
    assert made is not None
    assert getattr(made, kind) == constraint
    assert made.whitespace_pattern == " ?"


def test_r119_a_structural_tag_is_written_as_json() -> None:
    tag = {"type": "structural_tag", "structures": []}
    made = params(guided_decoding={"structural_tag": tag}).structured_outputs
    assert made is not None
    assert json.loads(made.structural_tag or "") == tag


@pytest.mark.parametrize("guided", [None, {}, {"json": None}, {"whitespace_pattern": " "}])
def test_r119_no_constraint_means_no_structured_output(guided: Any) -> None:
    assert params(guided_decoding=guided).structured_outputs is None


def test_kv_transfer_parameters_reach_the_connector() -> None:
    made = params(kv_transfer_params={"do_remote_decode": True})
    assert made.extra_args == {"kv_transfer_params": {"do_remote_decode": True}}


def test_several_greedy_choices_would_be_the_same_and_are_refused() -> None:
    from vllm.exceptions import VLLMClientError

    with pytest.raises(VLLMClientError, match="n must be 1 when using greedy sampling"):
        params(sampling={"temperature": 0.0, "n": 2})


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    options=st.dictionaries(
        st.sampled_from(["n", "temperature", "top_p", "top_k", "min_p", "seed", "odd"]), anything
    )
)
def test_any_options_are_taken_or_refused_as_the_clients_fault(options: dict[str, Any]) -> None:
    from vllm import SamplingParams
    from vllm.exceptions import VLLMClientError

    try:
        made = params(sampling=options)
    except (InvalidRequestError, VLLMClientError, ValueError):
        return
    assert isinstance(made, SamplingParams)
