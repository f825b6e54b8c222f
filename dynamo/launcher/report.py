"""Show problems: one report with everything found, as plain text."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TextIO

from dynamo.config.compose import Composition
from dynamo.config.problems import Problem, problem_text

EXIT_BAD_INPUT = 2


def with_sources(problems: Sequence[Problem], composition: Composition) -> list[Problem]:
    """Add to each problem where its value came from, as far as that is known."""
    return [
        problem if problem.source else replace(problem, source=composition.source_of(problem.path))
        for problem in problems
    ]


def print_problems(
    problems: Sequence[Problem],
    stream: TextIO | None = None,
    consequence: str = "nothing was started",
) -> None:
    """Print notices and errors, the errors last and counted."""
    stream = stream or sys.stderr
    fatal = [problem for problem in problems if problem.fatal]
    for problem in problems:
        if not problem.fatal:
            print(f"notice: {problem_text(problem)}", file=stream)
    if fatal:
        count = "1 problem" if len(fatal) == 1 else f"{len(fatal)} problems"
        print(f"error: {count} found, {consequence}", file=stream)
        for problem in fatal:
            print(f"\n{problem_text(problem)}", file=stream)
