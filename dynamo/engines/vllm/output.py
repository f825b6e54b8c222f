"""From vLLM's request outputs to chunks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vllm import CompletionOutput, RequestOutput

from dynamo.engines.base import Chunk, TopLogprob

FINISH_REASONS = {"abort": "cancelled", "repetition": "stop", "error": "error: the engine failed"}
"""vLLM's finish reasons that have another name in the Dynamo protocol (R132)."""


class ChunkMaker:
    """Makes the chunks of one request and counts its tokens."""

    def __init__(
        self,
        prompt_tokens: int,
        num_top_logprobs: int | None,
        kv_source: Mapping[str, Any] | None = None,
    ) -> None:
        self._prompt_tokens = prompt_tokens
        self._kv_source = kv_source
        self._num_top_logprobs = num_top_logprobs
        self._completion_tokens: dict[int, int] = {}

    def chunks(self, output: RequestOutput) -> Iterator[Chunk]:
        """Yield one chunk for each choice that got new tokens or ended."""
        for choice in output.outputs:
            count = self._completion_tokens.get(choice.index, 0) + len(choice.token_ids)
            self._completion_tokens[choice.index] = count
            if choice.finish_reason is None and self._num_top_logprobs is None:
                yield Chunk(choice.token_ids, choice.index, text=choice.text or None)
            else:
                yield self._full_chunk(choice, output)

    def _full_chunk(self, choice: CompletionOutput, output: RequestOutput) -> Chunk:
        details: dict[str, Any] = {}
        if self._num_top_logprobs is not None and choice.logprobs:
            details["log_probs"] = [
                candidates[token].logprob
                for token, candidates in zip(choice.token_ids, choice.logprobs, strict=True)
            ]
            details["top_logprobs"] = [
                most_probable(candidates, self._num_top_logprobs) for candidates in choice.logprobs
            ]
        if choice.finish_reason is not None:
            details["finish_reason"] = FINISH_REASONS.get(
                choice.finish_reason, choice.finish_reason
            )
            details["stop_reason"] = choice.stop_reason
            details["prompt_tokens"] = self._prompt_tokens
            details["completion_tokens"] = self._completion_tokens[choice.index]
            details["cached_tokens"] = output.num_cached_tokens
            details["kv_transfer_params"] = output.kv_transfer_params or self._kv_source
        return Chunk(choice.token_ids, choice.index, text=choice.text or None, **details)


def most_probable(candidates: Mapping[int, Any], count: int) -> Sequence[TopLogprob]:
    """Return the `count` best; vLLM adds the sampled token when it is not among them."""
    ranked = [
        TopLogprob(token, each.logprob, each.rank, each.decoded_token)
        for token, each in candidates.items()
        if each.rank is not None and each.rank <= count
    ]
    return sorted(ranked, key=lambda each: each.rank)
