"""What is wrong with a configuration, as data: collected everywhere, printed once."""

from dataclasses import dataclass

from dynamo.config.redact import redact


@dataclass(frozen=True)
class Problem:
    """One thing that the user must, or should, change."""

    path: str
    """What it is about: a key (`backend.engine.max_num_seqs`), a variable, a file or an address."""
    value: object
    """The offending value as the user wrote it."""
    message: str
    """What is wrong, in one sentence without the value and the path."""
    allowed: str = ""
    """What would be accepted."""
    suggestion: str = ""
    """What was probably meant, ready to paste."""
    rule: str = ""
    """Number of the rule in docs, such as `R49`."""
    source: str = ""
    """Where the value came from: `command line`, `DYN_NAMESPACE`, `conf/preset/x.yaml:3`."""
    fatal: bool = True
    """False for a notice that does not stop the start."""


def problem_text(problem: Problem) -> str:
    """Return path, value and source, what is wrong, what is allowed and what was meant."""
    value = redact(problem.value, problem.path)
    head = problem.path if value in ("", None) else f"{problem.path} = {value}"
    source = f"  ({problem.source})" if problem.source else ""
    rule = f" [{problem.rule}]" if problem.rule else ""
    lines = [f"{head}{source}", f"  {problem.message}{rule}"]
    if problem.allowed:
        lines.append(f"  allowed: {problem.allowed}")
    if problem.suggestion:
        lines.append(f"  did you mean: {problem.suggestion}")
    return "\n".join(lines)
