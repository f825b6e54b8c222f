"""R34 to R36: the resolved configuration as JSON, without secrets, whatever happens to the file."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.launcher.dump import dump_configuration
from dynamo.launcher.planning import plan_launch

CONF = Path(__file__).parents[2] / "conf"


def composed(monkeypatch: pytest.MonkeyPatch) -> tuple[LaunchPlan, Composition]:
    environ = {"NATS_AUTH_PASSWORD": "hunter2", "DYN_NAMESPACE": "blue", "HF_TOKEN": "hunter2"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    composition = compose_config(["backend=mocker", "deployment=cluster"], environ, CONF)
    assert composition.config is not None
    return plan_launch(composition.config, Machine()), composition


def test_r34_the_dump_holds_all_parts_with_sorted_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, composition = composed(monkeypatch)
    target = tmp_path / "new" / "directory" / "dump.json"
    dump_configuration(replace(plan, dump_config_to=str(target)), composition)
    tree = json.loads(target.read_text())
    assert list(tree) == sorted(tree)
    assert {"config", "environment", "gpu_info", "runtime_info", "system_info"} <= set(tree)
    assert tree["config"]["runtime.namespace"] == {"value": "blue", "source": "DYN_NAMESPACE"}
    assert tree["dynamo_version"]["ai-dynamo-runtime"]
    assert [path.name for path in target.parent.iterdir()] == ["dump.json"]


def test_r36_no_secret_is_in_the_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, composition = composed(monkeypatch)
    target = tmp_path / "dump.json"
    dump_configuration(replace(plan, dump_config_to=str(target)), composition)
    assert "hunter2" not in target.read_text()
    tree = json.loads(target.read_text())
    assert tree["config"]["nats.password"]["value"] == "<redacted>"
    assert tree["environment"]["HF_TOKEN"] == "<redacted>"  # noqa: S105


def test_r35_what_cannot_be_written_goes_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plan, composition = composed(monkeypatch)
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.ERROR):
        dump_configuration(replace(plan, dump_config_to=f"{tmp_path}/file/x.json"), composition)
    assert "cannot write the configuration" in caplog.messages[0]
    assert caplog.messages[1].startswith("CONFIG_DUMP {")
    assert "hunter2" not in caplog.text


def test_r35_a_dash_is_the_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, composition = composed(monkeypatch)
    dump_configuration(replace(plan, dump_config_to="-"), composition)
    assert json.loads(capsys.readouterr().out)["plan"]["dump_config_to"] == "-"


def test_r34_a_link_stays_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does /dev/stdout, which a dump must never turn into a file."""
    plan, composition = composed(monkeypatch)
    link, target = tmp_path / "link.json", tmp_path / "dump.json"
    link.symlink_to(target)
    dump_configuration(replace(plan, dump_config_to=str(link)), composition)
    assert link.is_symlink()
    assert json.loads(target.read_text())["config"]
