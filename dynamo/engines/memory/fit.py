"""Say what an estimate means: a note where it fits, a problem where it cannot."""

from collections.abc import Iterator

from dynamo.config.memory_plan import MemoryEstimate, MemoryPlan
from dynamo.config.problems import Problem

GIB = 2**30
TOLERANCE = 0.1
"""An engine may find up to this share of its budget more, or less, than is estimated."""
ROOMY = 0.9
"""A suggestion leaves at least the rest of the budget to the KV cache."""
MOST_TIMES = 64


def memory_note(plan: MemoryPlan) -> str:
    """Say in one sentence what is taken and what is left; nothing without an estimate."""
    found = plan.estimate
    if found is None:
        return ""
    where = "main memory" if plan.settings.share.endswith("KVCACHE_SPACE") else "each GPU"
    parts = f"{gib(found.weights_bytes)} GiB of weights, {gib(found.reserve_bytes)} GiB of reserve"
    per_token = found.sequence_bytes / found.longest_sequence / 1024
    text = f"Estimated for {where}: {parts}, {per_token:.0f} KiB of KV cache per token"
    if found.kv_cache_bytes is None or found.kv_cache_tokens is None:
        return f"{text}; the memory that holds it is not known here."
    sequences = found.kv_cache_tokens / found.longest_sequence
    return (
        f"{text}; {gib(found.kv_cache_bytes)} GiB hold {found.kv_cache_tokens:,} tokens, "
        f"{sequences:.1f} sequences of {found.longest_sequence:,}."
    )


def gib(size: int) -> str:
    """Return bytes as GiB with one digit after the point."""
    return f"{size / GIB:.1f}"


def fit_problems(plan: MemoryPlan) -> Iterator[Problem]:
    """Report what cannot fit; what is too close to tell is a notice."""
    found = plan.estimate
    if found is None or found.kv_cache_bytes is None:
        return
    missing = found.sequence_bytes - found.kv_cache_bytes
    if missing <= 0:
        return
    room = found.budget_bytes
    if room is not None and found.weights_bytes + found.reserve_bytes >= room:
        yield _weights_too_large(plan, found, room)
    else:
        slack = TOLERANCE * (room or 0)
        fatal = plan.strict and missing > slack
        yield _sequence_too_long(plan, found, found.kv_cache_bytes, fatal=fatal)


def _weights_too_large(plan: MemoryPlan, found: MemoryEstimate, room: int) -> Problem:
    text = (
        f"does not fit: each GPU would hold {gib(found.weights_bytes)} GiB of weights and "
        f"{gib(found.reserve_bytes)} GiB of reserve, and may use {gib(room)} GiB"
    )
    times = 2
    while found.weights_bytes / times + found.reserve_bytes > ROOMY * room and times < MOST_TIMES:
        times *= 2
    settings = plan.settings
    allowed = f"more GPUs ({settings.ranks}), a quantised model, or a larger {settings.share}"
    meant = f"{settings.ranks}={plan.ranks * times}"
    fatal = found.weights_bytes > (1 - TOLERANCE / 2) * room
    return Problem(settings.ranks, plan.ranks, text, allowed, meant, fatal=fatal)


def _sequence_too_long(
    plan: MemoryPlan, found: MemoryEstimate, cache: int, *, fatal: bool
) -> Problem:
    fitting = int(found.longest_sequence * cache / found.sequence_bytes) // 256 * 256
    text = (
        f"does not fit: one sequence takes {gib(found.sequence_bytes)} GiB of KV cache, "
        f"and about {gib(cache)} GiB are left"
    )
    settings = plan.settings
    allowed = f"about {fitting}, a larger {settings.share}, or more GPUs ({settings.ranks})"
    meant = f"{settings.longest}={fitting}" if fitting > 0 else ""
    return Problem(settings.longest, found.longest_sequence, text, allowed, meant, fatal=fatal)
