"""Prefill and decode in two workers: what the one hands over to the other (R134)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dynamo.engines.base import Engine, GenerateRequest, InvalidRequestError
from dynamo.engines.capabilities import HandsOverKvCache

Message = dict[str, Any]

ENDED_BY_ITSELF = ("stop", "eos")


def unchanged(message: Message) -> Message:
    """Return the last message of a choice as it is."""
    return message


@dataclass(frozen=True, slots=True)
class Job:
    """One request as this worker's part of inference sees it."""

    request: GenerateRequest
    last: Callable[[Message], Message] = unchanged
    """Completes the last message of a choice."""
    fetches: bool = False
    """The engine fetches KV cache from another worker, which must not be interrupted: what is
    fetched is freed over there, and only then."""


def job(
    worker_type: str, message: Mapping[str, Any], request: GenerateRequest, engine: Engine
) -> Job:
    """Return what is to be done for a request.

    A canary tests this worker alone (R195), and a decode worker without a prefill result computes
    the whole answer.

    Raises:
        InvalidRequestError: the prefill result is none of ours.
    """
    if message.get("_HEALTH_CHECK"):
        return Job(request)
    if worker_type == "prefill":
        return Job(prefill_request(request, engine), prefill_answer)
    result = message.get("prefill_result")
    if worker_type == "decode" and result:
        return decode_job(result, request)
    return Job(request)


def prefill_request(request: GenerateRequest, engine: Engine) -> GenerateRequest:
    """R134: exactly one token, which the decode worker makes again; only the KV cache counts."""
    return replace(
        request,
        max_tokens=1,
        min_tokens=1,
        ignore_eos=True,
        stop_token_ids=(),
        sampling={**request.sampling, "n": 1},
        guided_decoding=None,
        logprobs=None,
        prompt_logprobs=None,
        kv_transfer_params=(
            engine.prefill_params(request.request_id)
            if isinstance(engine, HandsOverKvCache)
            else None
        ),
    )


def prefill_answer(message: Message) -> Message:
    """Say where the KV cache is. A frontend takes `stop` for the end of the whole request."""
    if message["finish_reason"] in ENDED_BY_ITSELF:
        message["finish_reason"] = "length"
    # A connector that finds blocks by their content has nothing to say; the frontend still waits.
    message.setdefault("disaggregated_params", {"kv_transfer_params": {}})
    return message


def decode_job(result: Any, request: GenerateRequest) -> Job:
    """Let the engine fetch what the prefill worker computed, and count as cached what it did."""
    try:
        params = (result["disaggregated_params"] or {}).get("kv_transfer_params") or None
        details = result.get("prompt_tokens_details")
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidRequestError("prefill_result has no disaggregated_params") from error
    if params is not None and not isinstance(params, Mapping):
        raise InvalidRequestError("kv_transfer_params of prefill_result is not an object")
    fetching = replace(request, kv_transfer_params=params)
    return Job(fetching, partial(decode_answer, details), fetches=params is not None)


def decode_answer(details: Mapping[str, Any] | None, message: Message) -> Message:
    """Report the prefill worker's cache hits: here the whole prompt came from outside."""
    if details is not None and "completion_usage" in message:
        message["completion_usage"]["prompt_tokens_details"] = dict(details)
    return message
