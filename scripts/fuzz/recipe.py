"""From seed, channel and number to one mutated request, the same at each call."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from scripts.fuzz import body_steps, http_steps, value_steps
from scripts.fuzz.request import Request

Step = Callable[[Request, Random], None]
STEP_COUNTS = (1, 1, 1, 2, 2, 3, 5)
RARE = 0.1
"""How often a step comes from the costly or crude ones."""
UNTOUCHED = 0.02
"""How often a request is sent as it should be."""


def leave_early(request: Request, chance: Random) -> None:
    """Stop listening before the answer is complete."""
    request.leaves = True


@dataclass(frozen=True)
class Kinds:
    """What mutations a channel can carry."""

    usual: tuple[tuple[Step, ...], ...]
    rare: tuple[Step, ...]


OVER_RUNTIME = Kinds((value_steps.STEPS,), (*value_steps.RARE_STEPS, leave_early))
OVER_HTTP = Kinds(
    (value_steps.STEPS, value_steps.STEPS, body_steps.STEPS, http_steps.STEPS),
    (*value_steps.RARE_STEPS, *body_steps.RARE_STEPS, *http_steps.RARE_STEPS),
)


@dataclass(frozen=True)
class Recipe:
    """One mutated request; `steps` are the numbers of those mutations that are made."""

    seed: int
    channel: str
    number: int
    steps: tuple[int, ...]

    @property
    def origin(self) -> str:
        """What the random choices come from."""
        return f"{self.seed}:{self.channel}:{self.number}"


def recipe(seed: int, channel: str, number: int) -> Recipe:
    """Return the recipe of one request, with all its mutations."""
    whole = Recipe(seed, channel, number, ())
    chance = Random(whole.origin)
    count = 0 if chance.random() < UNTOUCHED else chance.choice(STEP_COUNTS)
    return Recipe(seed, channel, number, tuple(range(count)))


def build(made_by: Recipe, samples: Sequence[Request], kinds: Kinds) -> Request:
    """Return the request: a correct one, changed step by step.

    Each step has random choices of its own, so that one can be left out and the others stay.
    """
    request = deepcopy(Random(f"{made_by.origin}:sample").choice(samples))
    for step in made_by.steps:
        chance = Random(f"{made_by.origin}:{step}")
        is_rare = chance.random() < RARE
        among = kinds.rare if is_rare else chance.choice(kinds.usual)
        chance.choice(among)(request, chance)
    return request
