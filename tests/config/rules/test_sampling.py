"""Rules about sampling defaults."""

import pytest

from dynamo.config.rules import sampling
from dynamo.config.schema import Config, MockerBackend, SamplingConfig, VllmBackend


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


@pytest.mark.parametrize(
    ("text_mode", "ignore", "rules"),
    [(False, True, ["R121"]), (False, False, []), (False, None, []), (True, True, [])],
)
def test_r121_ignoring_the_end_of_sequence_needs_the_request_or_text_mode(
    text_mode: bool, ignore: bool | None, rules: list[str]
) -> None:
    backend = VllmBackend(use_vllm_tokenizer=text_mode)
    built = Config(backend=backend, sampling=SamplingConfig(ignore_eos=ignore))
    found = list(sampling.answers_end_where_the_frontend_says(built))
    assert [problem.rule for problem in found] == rules
    assert not any(problem.fatal for problem in found)
