"""Rules about sampling defaults."""

import pytest

from dynamo.config.rules import sampling
from dynamo.config.schema import Config, MockerBackend, SamplingConfig


@pytest.mark.parametrize(
    ("least", "most", "rules"),
    [(2, 1, ["R118"]), (1, 1, []), (None, 1, []), (2, None, []), (None, None, [])],
)
def test_r118_an_answer_need_not_be_longer_than_it_may_be(
    least: int | None, most: int | None, rules: list[str]
) -> None:
    settings = SamplingConfig(min_tokens=least, max_tokens=most)
    built = Config(backend=MockerBackend(), sampling=settings)
    assert [problem.rule for problem in sampling.answers_can_end(built)] == rules
