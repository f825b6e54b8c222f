"""Secrets on the command line, which the list of processes shows to every user."""

import pytest

from tests.config.conftest import Compose


@pytest.mark.parametrize("path", ["control.token", "nats.token"])
def test_a_secret_on_the_command_line_is_noticed_without_being_shown(
    compose: Compose, path: str
) -> None:
    notices = [p for p in compose(f"{path}=hunter2").problems if "list of processes" in p.message]
    (notice,) = notices
    assert (notice.path, notice.fatal) == (path, False)
    assert "variable" in notice.allowed


def test_the_same_secret_in_a_variable_is_not(compose: Compose) -> None:
    problems = compose(DYN_CONTROL_TOKEN="hunter2").problems  # noqa: S106
    assert not [problem for problem in problems if "list of processes" in problem.message]
