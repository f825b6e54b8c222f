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


def answers_end_where_the_frontend_says(config: Config) -> Iterator[Problem]:
    """R121: a frontend that detokenises ends an answer itself, at the end-of-sequence token."""
    text = getattr(config.backend, f"use_{config.backend.name}_tokenizer", False)
    if config.sampling.ignore_eos and not text:
        path = "sampling.ignore_eos"
        words = "counts for other clients only: the OpenAI frontend asks the request itself"
        yield Problem(path, True, words, "ignore_eos in each request", rule="R121", fatal=False)
