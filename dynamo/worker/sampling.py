"""From a token-mode request of the Dynamo protocol to an engine-neutral one (R118 to R125)."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dynamo.engines.base import EngineInfo, GenerateRequest, InvalidRequestError

logger = logging.getLogger(__name__)

NOT_SAMPLING = ("use_beam_search", "length_penalty", "best_of")
MEDIA_KEYS = ("multi_modal_data", "prompt_embeds")


COUNTS = ("max_tokens", "min_tokens")
WHOLE_OPTIONS = ("seed", "top_k")
NUMBER_OPTIONS = (
    "temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty",
)  # fmt: skip
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


@contextmanager
def wrong_parts_refused() -> Iterator[None]:
    """Refuse a request with a part that is not of the type that it is read as.

    Raises:
        InvalidRequestError: instead of what reading such a part raises.
    """
    try:
        yield
    except InvalidRequestError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidRequestError(f"the request has a wrong or missing part: {error}") from error


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
    if guided is not None and not isinstance(guided, Mapping):
        raise InvalidRequestError("guided_decoding must be an object")
    for name in NOT_SAMPLING:
        options.pop(name, None)
    outputs, routing = request.get("output_options") or {}, request.get("routing") or {}
    return GenerateRequest(
        request_id=request_id,
        token_ids=token_ids,
        max_tokens=max_tokens(stops.get("max_tokens"), len(token_ids), served.info),
        sampling=sampling(options, served.defaults),
        min_tokens=stops.get("min_tokens"),
        ignore_eos=bool(stops.get("ignore_eos")),
        stop_token_ids=stop_tokens(stops, served.info),
        lora_name=lora_name,
        guided_decoding=guided,
        logprobs=log_prob_count("logprobs", outputs.get("logprobs")),
        prompt_logprobs=log_prob_count("prompt_logprobs", outputs.get("prompt_logprobs")),
        priority=whole("priority", routing.get("priority") or 0),
        data_parallel_rank=chosen_rank(routing),
    )


def sampling(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """R118, R120, R125: the plan's defaults, overridden by what the request says and is not null.

    What neither says is left to the engine, which knows the model's generation_config.

    Raises:
        InvalidRequestError: the number of choices is none, or too large; an option is no number.
    """
    for name in WHOLE_OPTIONS:
        if options.get(name) is not None:
            whole(name, options[name])
    for name in NUMBER_OPTIONS:
        if options.get(name) is not None:
            finite(name, options[name])
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
        whole(name, given.get(name, 0))
    return {name: defaults[name] for name in LIMITS if name in defaults} | given


def chosen_rank(routing: Mapping[str, Any]) -> int | None:
    """Return the data-parallel rank that a router chose, if it did.

    Raises:
        InvalidRequestError: it is no number.
    """
    rank = routing.get("dp_rank")
    return None if rank is None else whole("dp_rank", rank)


def whole(name: str, value: Any) -> int:
    """Return a whole number of 64 bits, which every engine's wire format can carry.

    Raises:
        InvalidRequestError: it is none.
    """
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise InvalidRequestError(f"{name} must be a whole number of 64 bits")
    return value


def finite(name: str, value: Any) -> None:
    """Refuse what is no finite number: in a batch it could spoil the answers of others.

    Raises:
        InvalidRequestError: it is none.
    """
    if type(value) not in (int, float) or not math.isfinite(value):
        raise InvalidRequestError(f"{name} must be a finite number")


def refuse_media(request: Mapping[str, Any]) -> None:
    """R84: media needs a multimodal worker."""
    for key in MEDIA_KEYS:
        if request.get(key):
            raise InvalidRequestError("this model takes text only: the request holds media")


def checked_prompt(token_ids: Sequence[int], info: EngineInfo) -> Sequence[int]:
    """Return the prompt; the frontend checks neither its length nor its tokens."""
    if not token_ids:
        raise InvalidRequestError("the prompt is empty")
    if {*map(type, token_ids)} != {int}:
        raise InvalidRequestError("token_ids must be a list of whole numbers")
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


def stop_tokens(stops: Mapping[str, Any], info: EngineInfo) -> tuple[int, ...]:
    """R121: the hidden stop tokens (end of sequence) count like the requested ones.

    Raises:
        InvalidRequestError: a requested one is no token of the model.
    """
    visible = checked_stop_tokens(stops.get("stop_token_ids") or (), info)
    hidden = () if stops.get("ignore_eos") else stops.get("stop_token_ids_hidden") or ()
    return tuple(sorted({*visible, *(token for token in hidden if is_token(token, info))}))


def checked_stop_tokens(tokens: Any, info: EngineInfo) -> Sequence[int]:
    """Return the tokens that end an answer; engines use them as indices unchecked.

    Raises:
        InvalidRequestError: they are no tokens of the model.
    """
    if not isinstance(tokens, list | tuple) or not all(is_token(each, info) for each in tokens):
        raise InvalidRequestError(
            f"stop_token_ids must be a list of token ids below {info.vocab_size}"
        )
    return tokens


def is_token(token: Any, info: EngineInfo) -> bool:
    """Whether this is the id of a token of the model."""
    return type(token) is int and 0 <= token < info.vocab_size


def log_prob_count(name: str, value: Any) -> int | None:
    """R122: a whole number, zero or more; anything else is ignored with a warning."""
    if value is None:
        return None
    try:
        count = int(value)
    except (OverflowError, TypeError, ValueError):
        count = -1
    if count < 0:
        logger.warning("%s=%r is not a number of candidates and is ignored", name, value)
        return None
    return count
