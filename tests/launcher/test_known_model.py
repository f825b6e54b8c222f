"""What is here of a model is read; what is not here is left alone."""

import json
from pathlib import Path

import pytest

from dynamo.config.machine import Machine
from dynamo.launcher.known_model import checkpoint_bytes, known_model, with_model
from dynamo.worker.model_places import model_here
from tests.models import configs

QWEN3 = configs()["Qwen/Qwen3-8B"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(QWEN3))
    return tmp_path


def test_a_local_directory_has_facts(directory: Path) -> None:
    facts = known_model(str(directory))
    assert facts is not None
    assert (facts.parameters, facts.checkpoint_bytes) == (8_190_735_360, None)
    assert with_model(Machine(), str(directory)).models == {str(directory): facts}


@pytest.mark.parametrize("reference", ["Qwen/Qwen3-8B", "/no/such", "pypi:no-such-package"])
def test_what_is_not_here_has_none(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert with_model(Machine(), reference) == Machine()


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"'])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert known_model(str(tmp_path)) is None


def test_a_model_in_the_hubs_cache_is_found(directory: Path, tmp_path: Path) -> None:
    model = tmp_path / "hub" / "models--Qwen--Qwen3-8B"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc\n")
    snapshot = model / "snapshots" / "abc"
    assert model_here("Qwen/Qwen3-8B", {"HF_HOME": str(tmp_path)}) is None
    snapshot.mkdir(parents=True)
    assert model_here("Qwen/Qwen3-8B", {"HF_HOME": str(tmp_path)}) == snapshot
    assert model_here("Qwen/Qwen3-8B", {"HF_HUB_CACHE": str(tmp_path / "hub")}) == snapshot


def test_a_converted_package_is_found_in_the_cache(tmp_path: Path) -> None:
    environment = {"DYNAMO_LAUNCH_CACHE": str(tmp_path)}
    assert model_here("pypi:some-model", environment) is None
    (tmp_path / "models" / "some-model").mkdir(parents=True)
    assert model_here("pypi:some-model", environment) == tmp_path / "models" / "some-model"


def test_only_files_of_the_index_are_weights(directory: Path) -> None:
    for name, size in (("model-1.safetensors", 10), ("model-2.safetensors", 20), ("x.bin", 99)):
        (directory / name).write_bytes(bytes(size))
    (directory / "consolidated.safetensors").write_bytes(bytes(30))
    assert checkpoint_bytes(directory) == 30
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-1.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    assert checkpoint_bytes(directory) == 10


def test_an_incomplete_download_has_no_size(directory: Path) -> None:
    index = {"weight_map": {"a": "model-1.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    assert checkpoint_bytes(directory) is None


def test_modelopts_own_file_says_how_it_is_quantised(directory: Path) -> None:
    own = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}}
    (directory / "hf_quant_config.json").write_text(json.dumps(own))
    facts = known_model(str(directory))
    assert facts is not None
    assert facts.quantization is not None
    assert facts.quantization.method == "modelopt"
