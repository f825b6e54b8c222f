"""Every one-character typo is caught, and nearly always the right name is suggested first.

scripts/make_typo_corpus.py made the corpus once, with a fixed seed.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.engines.planners import all_argument_names, check_engine

ROOT = Path(__file__).parents[1]
NEEDED_RIGHT = 95


@dataclass(frozen=True)
class Typo:
    """One mistyped assignment and the one that was meant."""

    kind: str
    given: str
    meant: str


CORPUS = [Typo(**entry) for entry in json.loads((ROOT / "tests/corpus/typos.json").read_text())]


def problems_of(typos: list[Typo]) -> list[Problem]:
    """Give typos of one kind as a user would, all at once, and collect what is reported."""
    named = [typo.given.partition("=") for typo in typos]
    variables = {name: value for name, _, value in named} if typos[0].kind == "variable" else {}
    overrides = [] if variables else [typo.given for typo in typos]
    composition = compose_config(overrides, variables, ROOT / "conf", all_argument_names)
    problems = list(composition.problems)
    if composition.config is not None:
        problems += check_engine(composition.config, Machine(gpus=1))
    return problems


def suggestion(problem: Problem) -> str:
    """Return the suggestion without the quotes that a shell may need."""
    return problem.suggestion.replace('"', "").replace("'", "")


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    kinds = dict.fromkeys(typo.kind for typo in CORPUS)
    batches = [[typo for typo in CORPUS if typo.kind == kind] for kind in kinds]
    return [problem for batch in batches for problem in problems_of(batch)]


def test_the_corpus_has_a_hundred_typos_of_every_kind() -> None:
    assert len({typo.given for typo in CORPUS}) == 100
    assert Counter(typo.kind for typo in CORPUS) == {
        "setting": 25,
        "group": 5,
        "option": 15,
        "engine argument": 35,
        "variable": 20,
    }


def test_every_typo_is_caught_and_nothing_else(problems: list[Problem]) -> None:
    reported = sorted(f"{problem.path}={problem.value}" for problem in problems)
    assert reported == sorted(typo.given for typo in CORPUS)


def test_what_was_meant_is_suggested_first(problems: list[Problem]) -> None:
    suggested = {f"{problem.path}={problem.value}": suggestion(problem) for problem in problems}
    wrong = [
        f"{typo.given}: {suggested[typo.given]}"
        for typo in CORPUS
        if suggested[typo.given] not in (typo.meant, typo.meant.partition("=")[0])
    ]
    assert len(CORPUS) - len(wrong) >= NEEDED_RIGHT, wrong
