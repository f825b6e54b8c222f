"""Token ids in, token ids out: the frontend knows the tokenizer (R129, R132)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dynamo.engines.base import Chunk, GenerateRequest
from dynamo.worker.sampling import Served, read_request, wrong_parts_refused


@dataclass(frozen=True)
class TokenMode:
    """Requests and chunks of the Dynamo protocol."""

    served: Served

    async def read(self, message: Mapping[str, Any], request_id: str) -> GenerateRequest:
        """Return what the engine is asked for; see Mode.read."""
        with wrong_parts_refused():
            return read_request(message, request_id, self.served)

    def writer(
        self, message: Mapping[str, Any], request_id: str
    ) -> Callable[[Chunk], dict[str, Any]]:
        """Every answer is written in the same way."""
        return chunk_message


def chunk_message(chunk: Chunk) -> dict[str, Any]:
    """Write a chunk as the frontend reads it. Runs for every token: adds only what is there."""
    message: dict[str, Any] = {"token_ids": chunk.token_ids}
    if chunk.index:
        message["index"] = chunk.index
    if chunk.log_probs is not None:
        message["log_probs"] = chunk.log_probs
    if chunk.top_logprobs is not None:
        message["top_logprobs"] = [
            [_candidate(candidate) for candidate in position] for position in chunk.top_logprobs
        ]
    if chunk.finish_reason is not None:
        message["finish_reason"] = chunk.finish_reason
        if chunk.stop_reason is not None:
            message["stop_reason"] = chunk.stop_reason
        if chunk.prompt_tokens is not None:
            message["completion_usage"] = usage(chunk, chunk.prompt_tokens)
        if chunk.kv_transfer_params is not None:
            message["disaggregated_params"] = {"kv_transfer_params": chunk.kv_transfer_params}
    return message


def _candidate(candidate: Any) -> dict[str, Any]:
    return {
        "rank": candidate.rank,
        "token_id": candidate.token_id,
        "token": candidate.token,
        "logprob": candidate.logprob,
    }


def usage(chunk: Chunk, prompt: int) -> dict[str, Any]:
    """Count the tokens of a choice, as OpenAI does."""
    completion = chunk.completion_tokens or 0
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if chunk.cached_tokens is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": chunk.cached_tokens}
    return usage
