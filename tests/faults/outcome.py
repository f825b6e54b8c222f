"""What a fault did, as a line of the table in docs/reliability.md."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What clients saw of one fault."""

    saw: str
    lost: int
    """Requests that were accepted and not answered in full."""
    recovered_after: float | None = None
    """Seconds until requests were answered again; None where nothing was interrupted."""


def seen_text(seen: Counter[str]) -> str:
    """Write down what clients saw, good answers first."""
    order = sorted(seen, key=lambda what: (what != "ok", what))
    return ", ".join(f"{seen[what]} {what}" for what in order)
