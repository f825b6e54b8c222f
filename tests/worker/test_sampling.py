"""From a request of the Dynamo protocol to an engine-neutral one."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.engines.base import EngineInfo, GenerateRequest, InvalidRequestError
from dynamo.worker.sampling import Served, log_prob_count, max_tokens, read_request, stop_tokens

INFO = EngineInfo(
    version="1",
    context_length=100,
    kv_block_size=16,
    total_kv_blocks=64,
    max_num_seqs=8,
    max_num_batched_tokens=128,
    vocab_size=50,
)


def read(
    token_ids: Any = (1, 2, 3), defaults: dict[str, Any] | None = None, **parts: Any
) -> GenerateRequest:
    return read_request({"token_ids": token_ids, **parts}, "id-1", Served(INFO, defaults or {}))


@pytest.mark.parametrize(
    ("routing", "rank"), [(None, None), ({}, None), ({"dp_rank": None}, None), ({"dp_rank": 1}, 1)]
)
def test_the_rank_that_the_router_chose_is_told_to_the_engine(
    routing: dict[str, Any] | None, rank: int | None
) -> None:
    assert read(routing=routing).data_parallel_rank == rank


def test_r123_without_a_limit_the_rest_of_the_context_is_generated() -> None:
    assert read().max_tokens == 97


@pytest.mark.parametrize(("prompt", "expected"), [(1, 99), (99, 1), (100, 1), (250, 1)])
def test_r123_at_least_one_token_is_generated(prompt: int, expected: int) -> None:
    assert max_tokens(None, prompt, INFO) == expected


@pytest.mark.parametrize(("model_says", "expected"), [(10, 10), (5000, 97), (None, 97)])
def test_r123_the_models_own_limit_counts_where_nobody_gave_one(
    model_says: int | None, expected: int
) -> None:
    info = replace(INFO, default_max_tokens=model_says)
    assert max_tokens(None, 3, info) == expected
    assert max_tokens(50, 3, info) == 50


@pytest.mark.parametrize(
    ("name", "default", "stated"),
    [("temperature", 0.3, 0.0), ("top_p", 0.5, 1.0), ("top_k", 20, -1), ("min_p", 0.1, 0.0),
     ("seed", 7, 0), ("repetition_penalty", 1.2, 1.0), ("presence_penalty", 1.0, 0.0),
     ("frequency_penalty", 1.0, 0.0)],
)  # fmt: skip
def test_r118_the_workers_default_holds_until_the_request_says_otherwise(
    name: str, default: Any, stated: Any
) -> None:
    defaults = {name: default}
    assert read(defaults=defaults).sampling == {name: default}
    assert read(defaults=defaults, sampling_options={name: None}).sampling == {name: default}
    assert read(defaults=defaults, sampling_options={name: stated}).sampling == {name: stated}


def test_r118_limits_have_defaults_as_well() -> None:
    defaults = {"max_tokens": 9, "min_tokens": 2, "ignore_eos": True}
    silent = read(defaults=defaults, stop_conditions={"max_tokens": None, "ignore_eos": None})
    assert (silent.max_tokens, silent.min_tokens, silent.ignore_eos) == (9, 2, True)
    assert silent.sampling == {}
    stated = {"max_tokens": 5, "min_tokens": 0, "ignore_eos": False}
    loud = read(defaults=defaults, stop_conditions=stated)
    assert (loud.max_tokens, loud.min_tokens, loud.ignore_eos) == (5, 0, False)


@pytest.mark.parametrize("name", ["max_tokens", "min_tokens"])
@pytest.mark.parametrize("value", ["9", 1.5, True, [1]])
def test_a_number_of_tokens_that_is_none_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name} must be a whole number"):
        read(stop_conditions={name: value})


def test_r121_a_default_to_ignore_the_end_leaves_only_the_requested_stop_tokens() -> None:
    stops = {"stop_token_ids": [5], "stop_token_ids_hidden": [2], "ignore_eos": None}
    assert read(defaults={"ignore_eos": True}, stop_conditions=stops).stop_token_ids == (5,)
    assert read(stop_conditions=stops).stop_token_ids == (2, 5)


def test_r123_r118_a_default_limit_comes_before_the_models() -> None:
    info = replace(INFO, default_max_tokens=10)
    request = read_request({"token_ids": [1]}, "id", Served(info, {"max_tokens": 30}))
    assert request.max_tokens == 30


@pytest.mark.parametrize("given_limit", [1, 7, 5000])
def test_r124_a_given_limit_is_kept(given_limit: int) -> None:
    assert read(stop_conditions={"max_tokens": given_limit}).max_tokens == given_limit


def test_r125_options_that_are_null_are_left_out() -> None:
    options = {"temperature": 0.5, "top_p": None, "seed": 0, "n": 2, "use_beam_search": False}
    assert read(sampling_options=options).sampling == {"temperature": 0.5, "seed": 0, "n": 2}


@pytest.mark.parametrize("choices", [0, -1, 129, 2**31, 1.5, "2", True])
def test_a_number_of_choices_that_no_memory_holds_is_refused(choices: Any) -> None:
    with pytest.raises(InvalidRequestError, match="n must be a whole number from 1 to 128"):
        read(sampling_options={"n": choices})
    assert read(sampling_options={"n": 128}).sampling == {"n": 128}


def test_r119_guided_decoding_is_passed_on() -> None:
    guided = {"json": {"type": "object"}}
    assert read(sampling_options={"guided_decoding": guided}).guided_decoding == guided


def test_r121_stop_conditions_are_applied() -> None:
    request = read(stop_conditions={"min_tokens": 3, "ignore_eos": True, "stop": ["x"]})
    assert (request.min_tokens, request.ignore_eos) == (3, True)


def test_r121_hidden_and_visible_stop_tokens_are_united() -> None:
    both = {"stop_token_ids": [5, 2], "stop_token_ids_hidden": [2, 9]}
    assert stop_tokens(both, INFO) == (2, 5, 9)
    assert stop_tokens({"stop_token_ids": None, "stop_token_ids_hidden": None}, INFO) == ()


def test_r121_a_models_end_token_beyond_its_vocabulary_ends_nothing() -> None:
    assert stop_tokens({"stop_token_ids_hidden": [2, 50]}, INFO) == (2,)


@pytest.mark.parametrize("tokens", [[50], [-1], ["5"], [True], [2.0], [None], "5", 5, {"5": 5}])
def test_r121_what_is_no_token_of_the_model_cannot_end_an_answer(tokens: Any) -> None:
    with pytest.raises(InvalidRequestError, match="token ids below 50"):
        read(stop_conditions={"stop_token_ids": tokens})


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("sampling_options", "temperature", float("nan")),
        ("sampling_options", "top_p", float("inf")),
        ("sampling_options", "repetition_penalty", "1"),
        ("sampling_options", "min_p", False),
        ("sampling_options", "seed", 2**63),
        ("sampling_options", "seed", 1.0),
        ("sampling_options", "top_k", ""),
        ("stop_conditions", "max_tokens", 2**70),
        ("stop_conditions", "min_tokens", True),
        ("routing", "priority", float("inf")),
        ("routing", "priority", "high"),
    ],
)
def test_a_number_that_an_engine_could_fail_on_is_refused_by_name(
    part: str, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name} must be"):
        read(**{part: {name: value}})


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0])
def test_every_number_of_64_bits_is_a_seed(value: int) -> None:
    assert read(sampling_options={"seed": value}).sampling == {"seed": value}


@pytest.mark.parametrize(("value", "expected"), [(None, None), (0, 0), (5, 5), ("3", 3)])
def test_r122_a_number_of_log_probabilities_is_taken(value: Any, expected: int | None) -> None:
    assert log_prob_count("logprobs", value) == expected


@pytest.mark.parametrize("value", [-1, "many", [], {}, float("inf"), float("nan")])
def test_r122_anything_else_is_ignored_with_a_warning(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert log_prob_count("logprobs", value) is None
    assert "is ignored" in caplog.text


def test_the_longest_prompt_leaves_room_for_one_token() -> None:
    assert read([1] * 99).max_tokens == 1
    with pytest.raises(InvalidRequestError, match="has 100 tokens; the model's context holds 100"):
        read([1] * 100)


@pytest.mark.parametrize("token_ids", [(), None])
def test_an_empty_prompt_is_refused(token_ids: Any) -> None:
    with pytest.raises(InvalidRequestError, match="empty"):
        read(token_ids)


@pytest.mark.parametrize(("token_ids", "strange"), [([1, 50], 50), ([-1, 3], -1)])
def test_tokens_outside_the_vocabulary_are_refused(token_ids: list[int], strange: int) -> None:
    with pytest.raises(InvalidRequestError, match=f"token id {strange} "):
        read(token_ids)


@pytest.mark.parametrize("token_ids", [[1.5], [True], ["1"], [None], "12", {"1": 1}, [1, [2]]])
def test_a_prompt_of_anything_but_whole_numbers_is_refused(token_ids: Any) -> None:
    with pytest.raises(InvalidRequestError, match="list of whole numbers"):
        read(token_ids)


@pytest.mark.parametrize("guided", [[], "json", 5])
def test_r119_a_constraint_that_is_no_object_is_refused(guided: Any) -> None:
    with pytest.raises(InvalidRequestError, match="guided_decoding must be an object"):
        read(sampling_options={"guided_decoding": guided})


def test_r84_media_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="text only"):
        read(multi_modal_data={"image_url": [{"Url": "http://localhost/cat.png"}]})


optional = st.none() | st.integers(-5, 5) | st.text(max_size=3)


@given(
    tokens=st.lists(st.integers(-2, 55), max_size=120),
    stops=st.none() | st.dictionaries(st.sampled_from(["stop_token_ids", "min_tokens"]), st.none()),
    logprobs=optional,
)
def test_any_request_is_read_or_refused_with_a_reason(
    tokens: list[int], stops: Any, logprobs: Any
) -> None:
    try:
        request = read(tokens, stop_conditions=stops, output_options={"logprobs": logprobs})
    except InvalidRequestError:
        assert not tokens or len(tokens) >= 100 or min(tokens) < 0 or max(tokens) >= 50
        return
    assert 1 <= request.max_tokens <= INFO.context_length
    assert len(request.token_ids) < INFO.context_length
