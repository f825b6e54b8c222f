"""What SGLang is asked to sample with; SGLang's own checks are not repeated here."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamo.engines.base import GenerateRequest, InvalidRequestError
from dynamo.engines.sglang.sampling import choices, logprobs, sampling_params


def params(
    defaults: dict[str, Any] | None = None, choice: int = 0, **fields: Any
) -> dict[str, Any]:
    fields.setdefault("max_tokens", 16)
    return sampling_params(GenerateRequest("id", [1, 2, 3], **fields), defaults or {}, 100, choice)


def test_r118_the_models_defaults_hold_until_the_request_says_otherwise() -> None:
    made = params({"temperature": 0.6, "top_k": 20}, sampling={"temperature": 0.25})
    assert (made["temperature"], made["top_k"], made["max_new_tokens"]) == (0.25, 20, 16)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("presence_penalty", -1.5),
        ("frequency_penalty", 0.5),
        ("repetition_penalty", 1.25),
        ("temperature", 0.5),
        ("top_p", 0.75),
        ("top_k", 7),
        ("min_p", 0.125),
    ],
)
def test_r120_an_option_that_sglang_knows_is_taken(name: str, value: Any) -> None:
    assert params(sampling={name: value})[name] == value


@pytest.mark.parametrize("name", ["best_of", "stop", "custom_params", "n", "odd"])
def test_r120_any_other_option_is_ignored(name: str) -> None:
    assert params(sampling={name: 1}) == params()


@pytest.mark.parametrize("given", [0, -1])
def test_no_limit_of_candidates_has_sglangs_own_number(given: int) -> None:
    assert params(sampling={"top_k": given})["top_k"] == -1


def test_r125_an_option_without_a_value_changes_nothing() -> None:
    assert params({"top_p": 0.5}, sampling={"top_p": None})["top_p"] == 0.5


def test_r124_the_answer_ends_with_the_context_whatever_was_asked_for() -> None:
    made = params(max_tokens=10**6, min_tokens=500)
    assert (made["max_new_tokens"], made["min_new_tokens"]) == (97, 97)


def test_r121_stop_tokens_are_passed_on() -> None:
    made = params(stop_token_ids=(2, 5), ignore_eos=True)
    assert (made["stop_token_ids"], made["ignore_eos"]) == ([2, 5], True)


def test_each_choice_has_a_seed_of_its_own() -> None:
    seeds = [params(choice=index, sampling={"seed": -8})["sampling_seed"] for index in range(3)]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(
    ("guided", "made"),
    [
        ({"json": {"type": "object"}}, {"json_schema": '{"type": "object"}'}),
        ({"json": '{"type": "object"}', "regex": None}, {"json_schema": '{"type": "object"}'}),
        ({"regex": "[a-z]+"}, {"regex": "[a-z]+"}),
        ({"grammar": 'root ::= "a"'}, {"ebnf": 'root ::= "a"'}),
        ({"choice": ["yes", 'say "no"']}, {"ebnf": 'root ::= "yes" | "say \\"no\\""'}),
        ({"structural_tag": {"structures": []}}, {"structural_tag": '{"structures": []}'}),
    ],
)
def test_r119_each_constraint_has_sglangs_name(guided: Any, made: dict[str, str]) -> None:
    names = ("json_schema", "regex", "ebnf", "structural_tag")
    given = params(guided_decoding=guided)
    assert {name: given[name] for name in names if name in given} == made


@pytest.mark.parametrize("guided", [None, {}, {"json": None}, {"whitespace_pattern": " "}])
def test_r119_no_constraint_means_none(guided: Any) -> None:
    assert params(guided_decoding=guided) == params()


@pytest.mark.parametrize("bad", ["yes", [1], {"a": 1}])
def test_r119_choices_that_are_no_texts_are_refused(bad: Any) -> None:
    with pytest.raises(InvalidRequestError, match="must be a list of texts"):
        params(guided_decoding={"choice": bad})


def test_r122_log_probabilities_are_asked_for_by_number() -> None:
    asked = [logprobs(GenerateRequest("id", [1], 1, logprobs=n)) for n in (None, 0, 3)]
    assert asked[0] == {}
    assert asked[1:] == [{"return_logprob": True, "top_logprobs_num": n} for n in (0, 3)]


@pytest.mark.parametrize("count", [0, 129, 1.5, "two", True])
def test_a_number_of_choices_that_nobody_can_want_is_refused(count: Any) -> None:
    with pytest.raises(InvalidRequestError, match="n must be"):
        choices(GenerateRequest("id", [1], 1, sampling={"n": count}))


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    options=st.dictionaries(
        st.sampled_from(["n", "temperature", "top_p", "top_k", "min_p", "seed", "odd"]), anything
    )
)
def test_any_options_become_plain_numbers_or_are_the_clients_fault(options: dict[str, Any]) -> None:
    try:
        made = params(sampling=options)
        count = choices(GenerateRequest("id", [1], 1, sampling=options))
    except InvalidRequestError:
        return
    json.dumps(made)
    assert 1 <= count <= 128
    assert -1 <= made.get("top_k", 1) <= 1 << 30 or made["top_k"] < -1
    assert 0 <= made.get("sampling_seed", 0) < 2**63
