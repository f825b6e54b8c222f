"""Which settings can change in a running worker, and what is said of all others."""

import pytest

from dynamo.worker.control.settings import NEEDS_RESTART, LiveSetting, LiveSettings, whole_number

PATH = "backend.engine.max_num_seqs"


@pytest.fixture
def values() -> dict[str, int]:
    return {PATH: 64}


@pytest.fixture
def settings(values: dict[str, int]) -> LiveSettings:
    async def write(value: int) -> None:
        values[PATH] = value

    return LiveSettings([LiveSetting(PATH, lambda: values[PATH], write, whole_number(1, 64))])


async def test_a_change_tells_what_was_and_what_is(settings: LiveSettings) -> None:
    (change,) = await settings.change({PATH: 8})
    assert (change.path, change.before, change.after) == (PATH, 64, 8)
    assert settings.values() == {PATH: 8}


@pytest.mark.parametrize("value", [0, -1, 65, 8.5, "8", True, None, [8]])
def test_a_value_that_is_not_allowed_is_refused_with_the_range(
    settings: LiveSettings, value: object
) -> None:
    (problem,) = settings.problems({PATH: value})
    assert (problem.path, problem.allowed) == (PATH, "1 to 64")


@pytest.mark.parametrize("path", ["frontend.port", "model.path", "runtime.namespace"])
def test_any_other_setting_needs_a_restart(settings: LiveSettings, path: str) -> None:
    (problem,) = settings.problems({path: 1})
    assert problem.message == NEEDS_RESTART
    assert PATH in problem.allowed


@pytest.mark.parametrize("path", ["backend.engine.max_num_seq", "max_num_seqs", "max-num-seqs"])
def test_a_name_nearly_right_is_answered_with_the_one_meant(
    settings: LiveSettings, path: str
) -> None:
    (problem,) = settings.problems({path: 8})
    assert problem.suggestion == PATH


def test_all_problems_are_told_at_once(settings: LiveSettings) -> None:
    wanted = {PATH: 0, "frontend.port": 3, "nonsense": 1}
    assert [problem.path for problem in settings.problems(wanted)] == list(wanted)
