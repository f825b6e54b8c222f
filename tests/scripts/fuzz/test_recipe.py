"""Mutated requests are made from numbers alone, so that each can be made again."""

from copy import deepcopy
from random import Random

import pytest

from scripts.fuzz import samples
from scripts.fuzz.recipe import OVER_HTTP, OVER_RUNTIME, Kinds, Recipe, Step, build, recipe
from scripts.fuzz.request import Request

POSTS = samples.posts("/a", *samples.TOKEN_WIRE)


def made(number: int, kinds: Kinds = OVER_HTTP) -> bytes:
    return build(recipe(7, "channel", number), POSTS, kinds).wire()


def test_the_same_number_is_the_same_request_whatever_was_made_before() -> None:
    forth = [made(number) for number in range(200)]
    back = [made(number) for number in reversed(range(200))]
    assert forth == back[::-1]
    assert len(set(forth)) > 180


def test_the_correct_requests_stay_correct() -> None:
    before = deepcopy(POSTS)
    for number in range(200):
        made(number, OVER_RUNTIME)
    assert before == POSTS


def test_without_its_steps_a_request_is_a_correct_one() -> None:
    plain = {build(Recipe(7, "channel", n, ()), POSTS, OVER_HTTP).wire() for n in range(100)}
    assert plain == {request.wire() for request in POSTS}


def test_a_step_that_is_left_out_changes_no_other() -> None:
    whole = next(each for n in range(100) if len((each := recipe(7, "c", n)).steps) == 2)
    only = [Recipe(7, "c", whole.number, (step,)) for step in whole.steps]
    requests = [build(each, POSTS, OVER_RUNTIME) for each in (whole, *only)]
    assert len({str(request.value) for request in requests}) > 1


@pytest.mark.parametrize("kinds", [OVER_HTTP, OVER_RUNTIME])
def test_every_mutation_is_made_sooner_or_later(kinds: Kinds) -> None:
    made_by: set[str] = set()
    steps = {step for group in kinds.usual for step in group} | set(kinds.rare)
    watched = Kinds(
        tuple(tuple(_noting(step, made_by) for step in group) for group in kinds.usual),
        tuple(_noting(step, made_by) for step in kinds.rare),
    )
    for number in range(1000):
        build(recipe(1, "channel", number), POSTS, watched)
    assert made_by == {step.__name__ for step in steps}


def _noting(step: Step, made_by: set[str]) -> Step:
    def note(_request: Request, _chance: Random) -> None:
        made_by.add(step.__name__)

    return note
