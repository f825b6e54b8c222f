"""From a token-mode request of the Dynamo protocol to an engine-neutral one (R118 to R125)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamo.engines.base import EngineInfo, GenerateRequest, InvalidRequestError

logger = logging.getLogger(__name__)

NOT_SAMPLING = ("use_beam_search", "length_penalty", "best_of")
MEDIA_KEYS = ("multi_modal_data", "prompt_embeds")


COUNTS = ("max_tokens", "min_tokens")
LIMITS = ("max_tokens", "min_tokens", "ignore_eos")
"""Defaults of the plan that are no sampling options on the wire."""


MOST_CHOICES = 128
"""As the frontend allows; who calls the worker directly could ask for more than memory holds."""


def base_model(model: str | None) -> None:
    """Without adapters every name means the model itself."""


@dataclass(frozen=True)
class Served:
    """What requests are read against."""

    info: EngineInfo
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a request gets that does not say it itself: `sampling` of the plan (R118)."""
    adapter: Callable[[str | None], str | None] = base_model
    """Finds the adapter that a model's name means (R142)."""


def read_request(request: Mapping[str, Any], request_id: str, served: Served) -> GenerateRequest:
    """Read a request as the frontend sends it.

    Raises:
        InvalidRequestError: the prompt is empty, too long, has unknown tokens, or carries media;
            or the model is no adapter that is loaded.
    """
    refuse_media(request)
    lora_name = served.adapter(request.get("model"))
    token_ids = checked_prompt(request.get("token_ids") or (), served.info)
    stops = limits(request.get("stop_conditions") or {}, served.defaults)
    options = dict(request.get("sampling_options") or {})
    guided = options.pop("guided_decoding", None)
    for name in NOT_SAMPLING:
        options.pop(name, None)
    outputs = request.get("output_options") or {}
    return GenerateRequest(
        request_id=request_id,
        token_ids=token_ids,
        max_tokens=max_tokens(stops.get("max_tokens"), len(token_ids), served.info),
        sampling=sampling(options, served.defaults),
        min_tokens=stops.get("min_tokens"),
        ignore_eos=bool(stops.get("ignore_eos")),
        stop_token_ids=stop_tokens(stops),
        lora_name=lora_name,
        guided_decoding=guided,
        logprobs=log_prob_count("logprobs", outputs.get("logprobs")),
        prompt_logprobs=log_prob_count("prompt_logprobs", outputs.get("prompt_logprobs")),
        priority=int((request.get("routing") or {}).get("priority") or 0),
    )


def sampling(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """R118, R120, R125: the plan's defaults, overridden by what the request says and is not null.

    What neither says is left to the engine, which knows the model's generation_config.

    Raises:
        InvalidRequestError: the number of choices is none, or too large.
    """
    known = {name: value for name, value in defaults.items() if name not in LIMITS}
    choices = options.get("n")
    if choices is not None and (type(choices) is not int or not 1 <= choices <= MOST_CHOICES):
        raise InvalidRequestError(f"n must be a whole number from 1 to {MOST_CHOICES}")
    return known | {name: value for name, value in options.items() if value is not None}


def limits(stops: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """R118, R121: stop conditions that the request leaves open come from the plan's defaults.

    Raises:
        InvalidRequestError: a number of tokens is none.
    """
    given = {name: value for name, value in stops.items() if value is not None}
    for name in COUNTS:
        if type(given.get(name, 0)) is not int:
            raise InvalidRequestError(f"{name} must be a whole number")
    return {name: defaults[name] for name in LIMITS if name in defaults} | given


def refuse_media(request: Mapping[str, Any]) -> None:
    """R84: media needs a multimodal worker."""
    for key in MEDIA_KEYS:
        if request.get(key):
            raise InvalidRequestError("this model takes text only: the request holds media")


def checked_prompt(token_ids: Sequence[int], info: EngineInfo) -> Sequence[int]:
    """Return the prompt; the frontend checks neither its length nor its tokens."""
    if not token_ids:
        raise InvalidRequestError("the prompt is empty")
    if len(token_ids) >= info.context_length:
        raise InvalidRequestError(
            f"the prompt has {len(token_ids)} tokens; the model's context holds "
            f"{info.context_length}, the answer included"
        )
    lowest, highest = min(token_ids), max(token_ids)
    if lowest < 0 or highest >= info.vocab_size:
        strange = lowest if lowest < 0 else highest
        raise InvalidRequestError(
            f"token id {strange} is not in the vocabulary of {info.vocab_size} tokens"
        )
    return token_ids


def max_tokens(given: int | None, prompt_length: int, info: EngineInfo) -> int:
    """R124: a given limit is kept; R123: without one, what is left of the context.

    A limit in the model's generation_config counts where nobody gave one.
    """
    if given is not None:
        return given
    left = max(1, info.context_length - prompt_length)
    return min(left, info.default_max_tokens or left)


def stop_tokens(stops: Mapping[str, Any]) -> tuple[int, ...]:
    """R121: the hidden stop tokens (end of sequence) count like the requested ones."""
    visible = stops.get("stop_token_ids") or ()
    hidden = () if stops.get("ignore_eos") else stops.get("stop_token_ids_hidden") or ()
    return tuple(sorted({*visible, *hidden}))


def log_prob_count(name: str, value: Any) -> int | None:
    """R122: a whole number, zero or more; anything else is ignored with a warning."""
    if value is None:
        return None
    try:
        count = int(value)
    except (TypeError, ValueError):
        count = -1
    if count < 0:
        logger.warning("%s=%r is not a number of candidates and is ignored", name, value)
        return None
    return count
