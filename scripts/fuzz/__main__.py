"""Send mutated requests to real workers and say what they make of them.

    python -m scripts.fuzz --requests 100000
    python -m scripts.fuzz --requests 2000 --engine vllm --target token --target text

Every answer must be a 200 or a typed failure that tells nothing of the inside; after each batch the
worker must answer a correct request, have nothing in flight, and be no larger than before. The exit
status is 1 when anything is found. What the runtime's own frontend and status server answer is
listed, and does not count.
"""

import argparse
import asyncio
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.fuzz import report
from scripts.fuzz.campaign import Campaign, Outcome, run
from scripts.fuzz.targets import TARGETS, channels


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and report; 1 when there is a finding."""
    options = _parser().parse_args(arguments)
    outcomes = asyncio.run(fuzz(options))
    report.show(outcomes)
    if options.output is not None:
        report.write(options.output, outcomes)
    return 1 if any(outcome.ours for outcome in outcomes) else 0


async def fuzz(options: argparse.Namespace) -> list[Outcome]:
    """Ask all targets, one channel after the other, each for its part of the time."""
    targets = options.target or TARGETS
    outcomes = []
    async with channels(targets, options.engine) as ways:
        each, rest = divmod(options.requests, len(ways))
        seconds = options.seconds / len(ways)
        for number, channel in enumerate(ways):
            share = each + (number < rest)
            campaign = Campaign(options.seed, share, options.first, options.batch, seconds)
            outcomes.append(await run(channel, campaign))
    return outcomes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=4000, help="in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first request")
    parser.add_argument("--batch", type=int, default=500, help="requests between two looks")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after this time")
    parser.add_argument("--target", action="append", choices=TARGETS, help="default: all")
    parser.add_argument("--engine", choices=("mocker", "vllm"), default="mocker")
    parser.add_argument("--output", type=Path, help="write the result as JSON to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
