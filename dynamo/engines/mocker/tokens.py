"""What the mock engine answers: tokens that depend only on the seed, the prompt and the choice."""

import hashlib
import math
from collections.abc import Sequence

from dynamo.engines.base import TopLogprob


def answer_seed(seed: int, prompt: Sequence[int], choice: int, adapter: str | None = None) -> int:
    """Return the 64-bit seed of one choice's answer to a prompt, which an adapter changes."""
    text = f"{seed}:{choice}:{','.join(map(str, prompt))}"
    if adapter is not None:
        text += f":{adapter}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def candidates(answer: int, position: int, count: int, vocab_size: int) -> list[TopLogprob]:
    """Return the `count` most probable tokens at an output position, the answer's own first.

    Candidate k, counted from 1, has the probability 2 ** -k, so that they add up to less than 1.
    """
    first = _mix(answer + position) % vocab_size
    return [
        TopLogprob(token_id=(first + k) % vocab_size, logprob=-(k + 1) * math.log(2), rank=k + 1)
        for k in range(min(count, vocab_size))
    ]


def _mix(value: int) -> int:
    """Spread neighbouring integers over 64 bits (the finaliser of SplitMix64)."""
    mask = (1 << 64) - 1
    value = (value * 0x9E3779B97F4A7C15) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)
