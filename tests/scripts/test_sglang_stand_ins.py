"""What a CPU machine cannot have is replaced where SGLang looks for it, and nothing else is."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.setup import sglang_stand_ins
from scripts.setup.sglang_stand_ins import FIRST_LINE, write_stand_ins

TORCHVISION = "# the package as it comes\n"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(TORCHVISION)
    return tmp_path


def imports(works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sglang_stand_ins, "imports", lambda _name: works)


def test_a_torchvision_that_cannot_be_imported_is_helped_once(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports(False, monkeypatch)
    write_stand_ins(packages)
    write_stand_ins(packages)
    assert (packages / "torchvision" / "__init__.py").read_text() == FIRST_LINE + TORCHVISION
    compile((packages / "torchvision_operators.py").read_text(), "operators", "exec")


def test_a_torchvision_that_works_is_left_alone(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports(True, monkeypatch)
    write_stand_ins(packages)
    assert (packages / "torchvision" / "__init__.py").read_text() == TORCHVISION
    assert not (packages / "torchvision_operators.py").exists()


def test_every_kernel_has_a_name_and_says_that_it_is_none(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports(True, monkeypatch)
    write_stand_ins(packages)
    program = (
        f"import sys; sys.path.insert(0, {str(packages)!r}); from sgl_kernel import top_k; top_k(1)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "NotImplementedError: top_k is one of SGLang's CPU kernels" in done.stderr
