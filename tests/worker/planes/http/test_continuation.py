"""R37: the rest of an answer is asked for with what is there already."""

from typing import Any

import pytest

from dynamo.worker.planes.http.continuation import can_continue, continued


def test_r37_produced_tokens_become_prompt_and_count_against_the_limits() -> None:
    request = {
        "token_ids": [1, 2],
        "stop_conditions": {"max_tokens": 10, "min_tokens": 2, "ignore_eos": True},
        "sampling_options": {"seed": 5},
        "prefill_result": {"disaggregated_params": {}},
    }
    assert continued(request, [7, 8, 9]) == {
        "token_ids": [1, 2, 7, 8, 9],
        "stop_conditions": {"max_tokens": 7, "min_tokens": 0, "ignore_eos": True},
        "sampling_options": {"seed": 5},
    }
    assert request["token_ids"] == [1, 2]


def test_r37_limits_that_nobody_set_stay_unset() -> None:
    request = {"token_ids": [1], "stop_conditions": {"max_tokens": None}}
    assert continued(request, [7])["stop_conditions"] == {"max_tokens": None}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"token_ids": [1]}, True),
        ({"token_ids": [1], "sampling_options": {"n": 1}}, True),
        ({"token_ids": [1], "sampling_options": {"n": 2}}, False),
        ({"token_ids": [1], "sampling_options": {"guided_decoding": {"regex": "a"}}}, False),
        ({"messages": []}, False),
        ([1], False),
    ],
)
def test_r37_only_what_tokens_say_completely_can_move(request_: Any, expected: bool) -> None:
    assert can_continue(request_) is expected
