"""From SGLang's outputs to chunks. Imports no SGLang: outputs are plain dictionaries."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import count
from typing import Any

from dynamo.engines.base import Chunk, GenerateRequest, InvalidRequestError, TopLogprob

Candidates = Sequence[tuple[float, int, str | None]]


class ChunkMaker:
    """Makes the chunks of one choice and counts its tokens."""

    def __init__(self, request: GenerateRequest, index: int) -> None:
        self._request = request
        self._index = index
        self._completion_tokens = 0

    def chunk(self, output: Mapping[str, Any]) -> Chunk:
        """Return the chunk of one step.

        Raises:
            InvalidRequestError: SGLang refused the request after it had taken it.
        """
        token_ids, facts = output["output_ids"], output["meta_info"]
        end = facts["finish_reason"]
        if end is not None and end["type"] == "abort":
            # An aborted request repeats its last token.
            token_ids = token_ids[: facts["completion_tokens"] - self._completion_tokens]
        self._completion_tokens += len(token_ids)
        if end is None and self._request.logprobs is None:
            return Chunk(token_ids, self._index)
        details = {} if end is None else self._end(end, facts)
        if self._request.logprobs is not None:
            details |= _log_probs(facts, self._request.logprobs, len(token_ids))
        return Chunk(token_ids, self._index, **details)

    def _end(self, end: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
        matched = end.get("matched")
        return {
            "finish_reason": finish_reason(end),
            "stop_reason": matched if matched in self._request.stop_token_ids else None,
            "prompt_tokens": len(self._request.token_ids),
            "completion_tokens": self._completion_tokens,
            "cached_tokens": facts.get("cached_tokens"),
        }


def finish_reason(end: Mapping[str, Any]) -> str:
    """Return the Dynamo protocol's word for SGLang's (R132).

    Raises:
        InvalidRequestError: SGLang says that the request is wrong.
    """
    if end["type"] != "abort":
        return str(end["type"])
    if end.get("status_code") == HTTPStatus.BAD_REQUEST:
        raise InvalidRequestError(end["message"])
    return f"error: {end['message']}" if end.get("status_code") else "cancelled"


def _log_probs(facts: Mapping[str, Any], top: int, new_tokens: int) -> dict[str, Any]:
    """Return the log probability of each new token, and its rivals if any were asked for."""
    own = facts.get("output_token_logprobs", [])[:new_tokens]
    rivals: Iterator[Candidates] = iter(facts.get("output_top_logprobs") or [])
    return {
        "log_probs": [logprob for logprob, _token, _text in own],
        "top_logprobs": [_ranked(next(rivals, []) if top else []) for _ in own],
    }


def _ranked(candidates: Candidates) -> list[TopLogprob]:
    """Give each candidate its rank; SGLang has them most probable first."""
    ranked = zip(count(1), candidates)
    return [TopLogprob(token, logprob, rank, text) for rank, (logprob, token, text) in ranked]
