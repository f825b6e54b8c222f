"""From an engine-neutral request to SGLang's sampling parameters (R118 to R125).

Imports no SGLang.
"""

import json
from collections.abc import Mapping
from typing import Any

from dynamo.engines.base import GenerateRequest, InvalidRequestError

SAMPLING_OPTIONS = (
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "temperature",
    "top_p",
    "min_p",
)
"""Numbers of the Dynamo protocol that SGLang has under the same name (R120)."""
CONSTRAINTS = {
    "json": "json_schema",
    "regex": "regex",
    "grammar": "ebnf",
    "structural_tag": "structural_tag",
}
"""SGLang's names of the constraints on the output (R119)."""
WHOLE_VOCABULARY = -1
MOST_CANDIDATES = 1 << 30
"""SGLang's own number for no limit; more would not fit its tensors."""
MOST_CHOICES = 128
MOST_LOGPROBS = 20


def sampling_params(
    request: GenerateRequest, defaults: Mapping[str, Any], context_length: int, choice: int
) -> dict[str, Any]:
    """Return what SGLang samples one choice with; `defaults` are the model's own (R118).

    Raises:
        InvalidRequestError: a value has the wrong type. SGLang itself checks the ranges.
    """
    given = {name: value for name, value in request.sampling.items() if value is not None}
    room = max(1, context_length - len(request.token_ids))
    longest = min(request.max_tokens, room)
    values = {
        **defaults,
        **{name: number(name, given[name]) for name in SAMPLING_OPTIONS if name in given},
        **constraint(request.guided_decoding),
        "max_new_tokens": longest,
        "min_new_tokens": min(request.min_tokens or 0, longest),
        "ignore_eos": request.ignore_eos,
        "stop_token_ids": list(request.stop_token_ids),
    }
    if "top_k" in given:
        values["top_k"] = candidates(given["top_k"])
    if "seed" in given:
        values["sampling_seed"] = (whole_number("seed", given["seed"]) + choice) % (1 << 63)
    return values


def choices(request: GenerateRequest) -> int:
    """Return how many answers are asked for.

    Raises:
        InvalidRequestError: not a number, or more than anybody may ask for.
    """
    given = request.sampling.get("n")
    count = 1 if given is None else whole_number("n", given)
    if not 1 <= count <= MOST_CHOICES:
        raise InvalidRequestError(f"n must be between 1 and {MOST_CHOICES}, got {count}")
    return count


def logprobs(request: GenerateRequest) -> dict[str, Any]:
    """Return what SGLang is told about log probabilities (R122).

    Raises:
        InvalidRequestError: too many candidates per token.
    """
    count = request.logprobs
    if count is None:
        return {}
    if count > MOST_LOGPROBS:
        text = f"logprobs must be at most {MOST_LOGPROBS} candidates per token, got {count}"
        raise InvalidRequestError(text)
    return {"return_logprob": True, "top_logprobs_num": count}


def constraint(guided: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the constraint on the output; members that are None do not count (R119)."""
    given = {name: value for name, value in (guided or {}).items() if value is not None}
    found = {own: as_text(given[name]) for name, own in CONSTRAINTS.items() if name in given}
    if "choice" in given:
        found["ebnf"] = one_of(given["choice"])
    return found


def as_text(value: Any) -> str:
    """Return a constraint as SGLang takes it: JSON unless it is text already."""
    return value if isinstance(value, str) else json.dumps(value)


def one_of(texts: Any) -> str:
    """Return a grammar that generates exactly one of the texts.

    Raises:
        InvalidRequestError: not a list of texts.
    """
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) for each in texts):
        raise InvalidRequestError("guided_decoding.choice must be a list of texts")
    return "root ::= " + " | ".join(json.dumps(each, ensure_ascii=False) for each in texts)


def candidates(top_k: Any) -> int:
    """Return how many of the most probable tokens are sampled from; 0 and -1 mean all."""
    count = whole_number("top_k", top_k)
    return WHOLE_VOCABULARY if count in (0, -1) else min(count, MOST_CANDIDATES)


def number(name: str, value: Any) -> int | float:
    """Return a number as it is.

    Raises:
        InvalidRequestError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(f"{name} must be a number, got {value!r}")
    return value


def whole_number(name: str, value: Any) -> int:
    """Return a whole number, also of `3.0`.

    Raises:
        InvalidRequestError: it is none.
    """
    plain = number(name, value)
    if plain % 1:
        raise InvalidRequestError(f"{name} must be a whole number, got {value!r}")
    return int(plain)
