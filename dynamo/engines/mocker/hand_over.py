"""KV cache that one mock engine computes and another one takes over, prefill apart from decode."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from dynamo.engines.base import GenerateRequest, InvalidRequestError

PREFILL_PARAMS = {"do_remote_decode": True, "do_remote_prefill": False}
"""On a request that is to be prefilled only."""


def handed_over(request: GenerateRequest) -> dict[str, Any] | None:
    """Return what a finished prefill says, or None for a request that keeps its KV cache."""
    if not (request.kv_transfer_params or {}).get("do_remote_decode"):
        return None
    return {
        "do_remote_decode": False,
        "do_remote_prefill": True,
        "remote_num_tokens": len(request.token_ids),
        "remote_digest": digest(request.token_ids),
    }


def taken_over_tokens(request: GenerateRequest) -> int:
    """Return how many prompt tokens need no computing here: all but the last one, or none.

    Raises:
        InvalidRequestError: the KV cache belongs to another prompt.
    """
    params: Mapping[str, Any] = request.kv_transfer_params or {}
    if not params.get("do_remote_prefill"):
        return 0
    if params.get("remote_digest") != digest(request.token_ids):
        raise InvalidRequestError("the KV cache handed over belongs to another prompt")
    return len(request.token_ids) - 1


def digest(token_ids: Sequence[int]) -> str:
    """Return what is equal exactly for equal prompts."""
    text = ",".join(map(str, token_ids))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
