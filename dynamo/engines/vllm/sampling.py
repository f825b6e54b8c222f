"""From an engine-neutral request to vLLM's sampling parameters (R118 to R125)."""

import json
from collections.abc import Mapping
from typing import Any

from vllm import SamplingParams
from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

from dynamo.engines.base import GenerateRequest, InvalidRequestError

SAMPLING_OPTIONS = frozenset(
    {
        "n",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
    }
)
"""Options of the Dynamo protocol that vLLM has under the same name (R120)."""
CONSTRAINTS = frozenset({"json", "regex", "choice", "grammar", "structural_tag"})
CONSTRAINT_DETAILS = frozenset({"whitespace_pattern"})


def sampling_params(request: GenerateRequest, defaults: Mapping[str, Any]) -> SamplingParams:
    """Return what vLLM samples with; `defaults` come from the model's generation config (R118).

    Raises:
        InvalidRequestError: a value has the wrong type.
        VLLMClientError: vLLM refuses a value.
    """
    options = {
        name: value
        for name, value in request.sampling.items()
        if name in SAMPLING_OPTIONS and value is not None
    }
    if request.kv_transfer_params is not None:
        options["extra_args"] = {"kv_transfer_params": dict(request.kv_transfer_params)}
    values = {
        **defaults,
        **options,
        "max_tokens": request.max_tokens,
        "min_tokens": request.min_tokens or 0,
        "ignore_eos": request.ignore_eos,
        "stop_token_ids": list(request.stop_token_ids),
        "logprobs": request.logprobs,
        "prompt_logprobs": request.prompt_logprobs,
        "structured_outputs": structured_outputs(request.guided_decoding),
        "detokenize": request.detokenize,
        "stop": list(request.stop),
        "output_kind": RequestOutputKind.DELTA,
    }
    try:
        return SamplingParams(**values)
    except TypeError as error:
        raise InvalidRequestError(f"a sampling option has the wrong type: {error}") from error


def structured_outputs(guided: Mapping[str, Any] | None) -> StructuredOutputsParams | None:
    """Return the constraint on the output; members that are None do not count (R119)."""
    known = CONSTRAINTS | CONSTRAINT_DETAILS
    given = {
        name: value for name, value in (guided or {}).items() if name in known and value is not None
    }
    if not given.keys() & CONSTRAINTS:
        return None
    if isinstance(given.get("structural_tag"), Mapping):
        given["structural_tag"] = json.dumps(given["structural_tag"])
    return StructuredOutputsParams(**given)
