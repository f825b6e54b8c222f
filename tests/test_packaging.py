"""The wheel carries what a user needs, and its `dynamo` shares the name with NVIDIA's wheels."""

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from scripts.setup.requirements import read_project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
AI_DYNAMO_NAMES = ROOT / "tests" / "data" / "ai_dynamo_1.6.1_names.txt"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built from the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def our_names() -> set[str]:
    return {path.name for path in (ROOT / "dynamo").iterdir() if path.name != "__pycache__"}


def runtime_wheel_names() -> set[str]:
    files = importlib.metadata.files("ai-dynamo-runtime") or []
    return {PurePosixPath(file).parts[1] for file in files if file.parts[0] == "dynamo"}


def test_the_wheel_holds_every_configuration_file(wheel: zipfile.ZipFile) -> None:
    committed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "conf").rglob("*.yaml")}
    inside = {name.removeprefix("dynamo/launcher/") for name in wheel.namelist()}
    assert committed
    assert committed <= inside


def test_the_wheel_holds_the_engine_catalogues(wheel: zipfile.ZipFile) -> None:
    catalogues = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dynamo").rglob("*.json")}
    assert catalogues
    assert catalogues <= set(wheel.namelist())


def test_the_wheel_holds_nothing_beside_its_part_of_the_namespace(wheel: zipfile.ZipFile) -> None:
    top = {PurePosixPath(name).parts[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"dynamo"}


def test_dynamo_stays_a_namespace_package(wheel: zipfile.ZipFile) -> None:
    assert "dynamo/__init__.py" not in wheel.namelist()
    assert not (ROOT / "dynamo" / "__init__.py").exists()


def test_the_wheel_offers_the_console_command(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "dynamo-launch = dynamo.launcher.cli:main" in wheel.read(entry_points).decode()


def test_no_name_clashes_with_the_runtime_wheel() -> None:
    assert "runtime" in runtime_wheel_names()
    assert our_names() & runtime_wheel_names() == set()


def test_no_name_clashes_with_the_ai_dynamo_wheel() -> None:
    taken = set(AI_DYNAMO_NAMES.read_text().split())
    assert "vllm" in taken
    assert our_names() & taken == set()


def test_both_parts_of_the_namespace_import_side_by_side(tmp_path: Path) -> None:
    statement = "import dynamo.config.plan, dynamo.runtime, dynamo.llm"
    subprocess.run([sys.executable, "-c", statement], cwd=tmp_path, check=True, timeout=60)


def test_the_installed_version_is_the_one_in_pyproject() -> None:
    assert importlib.metadata.version("dynamo-launch") == read_project(ROOT).version
