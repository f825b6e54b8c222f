"""The chunks that the mock engine streams for one sequence."""

from dynamo.engines.base import Chunk
from dynamo.engines.mocker.arguments import MockArguments
from dynamo.engines.mocker.hand_over import handed_over
from dynamo.engines.mocker.scheduler import RunningSequence
from dynamo.engines.mocker.text import new_text
from dynamo.engines.mocker.tokens import candidates


def next_chunk(sequence: RunningSequence, arguments: MockArguments) -> Chunk:
    """Append the sequence's next token and return its chunk, with a finish reason if it ends."""
    request, position = sequence.request, sequence.num_output_tokens
    wanted = max(1, request.logprobs or 0)
    options = candidates(sequence.answer, position, wanted, arguments.vocab_size)
    token = options[0].token_id
    sequence.tokens.append(token)
    reason = _finish_reason(sequence, token, arguments.max_model_len)
    text = None
    if request.detokenize:
        output = sequence.tokens[len(request.token_ids) :]
        text, ended = new_text(output, request.stop, last=reason is not None)
        reason = "stop" if ended else reason
    with_logprobs = request.logprobs is not None
    return Chunk(
        token_ids=[token],
        index=sequence.choice,
        finish_reason=reason,
        stop_reason=token if reason == "stop" and token in request.stop_token_ids else None,
        log_probs=[options[0].logprob] if with_logprobs else None,
        top_logprobs=[options[: request.logprobs]] if with_logprobs else None,
        prompt_tokens=len(request.token_ids) if reason else None,
        completion_tokens=sequence.num_output_tokens if reason else None,
        cached_tokens=sequence.cached_tokens if reason else None,
        kv_transfer_params=handed_over(request) if reason else None,
        text=text,
    )


def cancelled_chunk(sequence: RunningSequence) -> Chunk:
    """Return the last chunk of an aborted sequence."""
    return Chunk(
        token_ids=[],
        index=sequence.choice,
        finish_reason="cancelled",
        prompt_tokens=len(sequence.request.token_ids),
        completion_tokens=sequence.num_output_tokens,
        cached_tokens=sequence.cached_tokens,
    )


def _finish_reason(sequence: RunningSequence, token: int, max_model_len: int) -> str | None:
    request, count = sequence.request, sequence.num_output_tokens
    if token in request.stop_token_ids and count >= (request.min_tokens or 0):
        return "stop"
    if count >= request.max_tokens or len(sequence.tokens) >= max_model_len:
        return "length"
    return None
