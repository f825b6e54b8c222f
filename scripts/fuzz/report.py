"""What a run has shown: a table, findings with their smallest requests, and JSON to keep."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.bench.common import print_table
from scripts.fuzz.campaign import Outcome, Seen

HEADER = (
    "channel",
    "requests",
    "answers by status",
    "memory",
    "open files",
    "findings",
    "the runtime's",
)


def show(outcomes: Sequence[Outcome]) -> None:
    """Print everything."""
    print_table([HEADER, *(row(outcome) for outcome in outcomes)])
    for outcome in outcomes:
        for seen in outcome.findings.values():
            print(f"\n{_whose(seen)}, {outcome.channel}, {seen.times} times: {seen.finding.kind}")
            print(f"  {seen.example}")
            if seen.finding.detail:
                print("  " + seen.finding.detail.replace("\n", "\n  "))


def row(outcome: Outcome) -> tuple[str, ...]:
    """Return one line of the table."""
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(outcome.statuses.items()))
    theirs = len(outcome.findings) - len(outcome.ours)
    return (
        outcome.channel, str(outcome.requests), statuses,
        f"{outcome.grown.resident / 2**20:+.1f} MiB", f"{outcome.grown.descriptors:+d}",
        str(len(outcome.ours)), str(theirs),
    )  # fmt: skip


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write everything as JSON."""
    path.write_text(json.dumps([_plain(outcome) for outcome in outcomes], indent=2) + "\n")


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "channel": outcome.channel,
        "requests": outcome.requests,
        "statuses": outcome.statuses,
        "resident": [size.resident for size in outcome.sizes],
        "descriptors": [size.descriptors for size in outcome.sizes],
        "findings": [
            {
                "whose": _whose(seen),
                "times": seen.times,
                **vars(seen.finding),
                "example": seen.example,
            }
            for seen in outcome.findings.values()
        ],
    }


def _whose(seen: Seen) -> str:
    return "FINDING" if seen.finding.ours else "the runtime's own"
