"""Find what was probably meant."""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein


def distance(word: str, other: str) -> int:
    """Return how many inserts, deletes, replacements or swaps of neighbours lie between them."""
    return DamerauLevenshtein.distance(word, other)


def closest(
    word: str, candidates: Iterable[str], limit: int = 3, at_most: int | None = None
) -> list[str]:
    """Return up to `limit` candidates near `word`, nearest first; empty when none is near.

    Near means an edit distance (insert, delete, replace, swap neighbours) of at most `at_most`,
    by default a third of the word and at least one edit; case does not count.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    lowered = word.lower()
    allowed = max(1, (len(lowered) + 1) // 3) if at_most is None else at_most
    found = process.extract(
        lowered,
        by_lower.keys(),
        scorer=DamerauLevenshtein.distance,
        score_cutoff=allowed,
        limit=limit,
    )
    return [by_lower[match] for match, _distance, _index in found]
