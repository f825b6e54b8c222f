"""Rules about sampling defaults."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.schema import Config


def answers_can_end(config: Config) -> Iterator[Problem]:
    """R118, R121: an answer cannot have to be longer than it may be."""
    least, most = config.sampling.min_tokens, config.sampling.max_tokens
    if least is not None and most is not None and least > most:
        path, text = "sampling.min_tokens", f"is more than sampling.max_tokens={most}"
        yield Problem(path, least, text, f"{most} or less", f"{path}={most}", "R118")
