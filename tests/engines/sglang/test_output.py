"""From what SGLang says about a step to what the protocol wants to know."""

from typing import Any

import pytest

from dynamo.engines.base import Chunk, GenerateRequest, InvalidRequestError, TopLogprob
from dynamo.engines.sglang.output import ChunkMaker


def maker(**fields: Any) -> ChunkMaker:
    return ChunkMaker(GenerateRequest("id", [1, 2, 3], 16, **fields), 1)


def output(token_ids: list[int], total: int, end: Any = None, **facts: Any) -> dict[str, Any]:
    known = {"finish_reason": end, "completion_tokens": total, "cached_tokens": 2}
    return {"output_ids": token_ids, "meta_info": {**known, **facts}}


def test_a_step_is_its_new_tokens() -> None:
    assert maker().chunk(output([7, 8], 2)) == Chunk([7, 8], 1)


def test_the_last_chunk_has_reason_and_counts() -> None:
    made = maker(stop_token_ids=(9,))
    made.chunk(output([7], 1))
    end = {"type": "stop", "matched": 9}
    assert made.chunk(output([9], 2, end)) == Chunk(
        [9], 1, "stop", stop_reason=9, prompt_tokens=3, completion_tokens=2, cached_tokens=2
    )


def test_the_models_own_end_is_no_stop_that_was_asked_for() -> None:
    assert maker().chunk(output([9], 1, {"type": "stop", "matched": 9})).stop_reason is None


def test_r132_an_aborted_request_is_cancelled_and_repeats_no_token() -> None:
    made = maker()
    made.chunk(output([7, 8], 2))
    last = made.chunk(output([8], 2, {"type": "abort", "message": "gone"}))
    assert (last.token_ids, last.finish_reason, last.completion_tokens) == ([], "cancelled", 2)


def test_r132_tokens_that_wait_beside_the_abort_are_kept() -> None:
    made = maker()
    made.chunk(output([7], 1))
    last = made.chunk(output([8, 9, 9], 3, {"type": "abort", "message": "gone"}))
    assert (last.token_ids, last.completion_tokens) == ([8, 9], 3)


def test_a_request_that_sglang_refuses_later_is_the_clients_fault() -> None:
    end = {"type": "abort", "message": "bad grammar", "status_code": 400}
    with pytest.raises(InvalidRequestError, match="bad grammar"):
        maker().chunk(output([], 0, end))


def test_r132_a_failure_of_the_engine_is_an_error() -> None:
    end = {"type": "abort", "message": "out of blocks", "status_code": 503}
    assert maker().chunk(output([], 0, end)).finish_reason == "error: out of blocks"


def test_log_probabilities_are_ranked() -> None:
    facts = {
        "output_token_logprobs": [(-0.5, 7, None)],
        "output_top_logprobs": [[(-0.2, 4, None), (-0.5, 7, None)]],
    }
    made = maker(logprobs=2).chunk(output([7], 1, **facts))
    assert made.log_probs == [-0.5]
    assert made.top_logprobs == [[TopLogprob(4, -0.2, 1), TopLogprob(7, -0.5, 2)]]


def test_the_log_probability_alone_has_no_rivals() -> None:
    made = maker(logprobs=0).chunk(output([7], 1, output_token_logprobs=[(-0.5, 7, None)]))
    assert (made.log_probs, made.top_logprobs) == ([-0.5], [[]])
