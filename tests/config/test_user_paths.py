"""Paths that no file can have are reported where files are looked for; nothing is raised."""

from pathlib import Path

import pytest

from dynamo.config.rules import check_rules
from dynamo.config.user_paths import home_expanded, is_directory, is_file
from tests.config.conftest import Compose

TOO_LONG = "a" * 3000
NOBODY = "~nobody-of-this-name/file"


@pytest.mark.parametrize("path", [TOO_LONG, NOBODY, f"/tmp/{TOO_LONG}/x"])
def test_such_a_path_is_neither_file_nor_directory(path: str) -> None:
    assert not is_file(path)
    assert not is_directory(path)


def test_the_home_of_an_unknown_user_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_expanded(NOBODY) == Path(NOBODY)
    assert home_expanded("~/file") == tmp_path / "file"


@pytest.mark.parametrize("path", [TOO_LONG, NOBODY])
@pytest.mark.parametrize(
    "setting",
    [
        "runtime.custom_jinja_template",
        "logs.config_path",
        "router.policy_config",
        "global_router.config",
    ],
)
def test_a_setting_with_such_a_path_is_reported(compose: Compose, setting: str, path: str) -> None:
    composition = compose(f"{setting}='{path}'")
    assert composition.config is not None
    reported = {problem.path for problem in check_rules(composition.config) if problem.fatal}
    assert reported & {setting, path}


def test_a_json_file_of_an_unknown_user_is_reported(compose: Compose) -> None:
    (problem,) = compose(DYN_HEALTH_CHECK_PAYLOAD=f"@{NOBODY}").problems
    assert problem.path == "DYN_HEALTH_CHECK_PAYLOAD"
    assert problem.message.startswith("cannot be read")
