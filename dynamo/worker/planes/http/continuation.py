"""Continue elsewhere what a lost worker has begun, as the runtime does on its own planes (R37)."""

from collections.abc import Mapping, Sequence
from typing import Any

OF_THE_FIRST_WORKER = ("prefill_result", "bootstrap_info")
"""Where a prefill worker left KV cache for the prompt alone."""


def can_continue(request: Any) -> bool:
    """Whether prompt and tokens so far say all: one choice, tokens, no grammar half-way through."""
    if not isinstance(request, Mapping) or not request.get("token_ids"):
        return False
    options = request.get("sampling_options") or {}
    return (options.get("n") or 1) == 1 and not options.get("guided_decoding")


def continued(request: Mapping[str, Any], produced: Sequence[int]) -> dict[str, Any]:
    """Return the request for the rest of an answer of which these tokens are there already."""
    stops = dict(request.get("stop_conditions") or {})
    for name, least in (("max_tokens", 1), ("min_tokens", 0)):
        if stops.get(name) is not None:
            stops[name] = max(least, stops[name] - len(produced))
    kept = {name: value for name, value in request.items() if name not in OF_THE_FIRST_WORKER}
    return {**kept, "token_ids": [*request["token_ids"], *produced], "stop_conditions": stops}
