"""Every connector that can be chosen is one that vLLM or its own package brings."""

import functools
import importlib.util
import re
from pathlib import Path

import pytest

from dynamo.config.compose import compose_config
from dynamo.config.schema import Config
from dynamo.engines.vllm.kv_transfer import kv_transfer_config

CONF = Path(__file__).parents[3] / "conf"
NAMES = sorted(file.stem for file in (CONF / "connector").glob("*.yaml"))
NEEDED = {
    "example": "shared_storage_path=/kv",
    "offloading": "cpu_bytes_to_use=1073741824",
}


@functools.cache
def composed(name: str) -> Config:
    needed = NEEDED.get(name)
    key = f"connector.chain.{name}.kv_connector_extra_config"
    overrides = [f"connector={name}", *([f"{key}.{needed}"] if needed else [])]
    config = compose_config(overrides, {}, CONF).config
    assert config is not None
    return config


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"none"}))
def test_r56_a_connector_stands_under_its_own_name_and_has_a_class(name: str) -> None:
    chain = composed(name).connector.chain
    assert list(chain) == [name]
    transfer = kv_transfer_config(chain)
    assert transfer is not None
    assert transfer["kv_role"] == "kv_both"


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_connector_without_what_it_needs_is_refused_with_the_setting(name: str) -> None:
    (problem,) = compose_config([f"connector={name}"], {}, CONF).problems
    setting = NEEDED[name].partition("=")[0]
    key = f"connector.chain.{name}.kv_connector_extra_config.{setting}"
    assert (problem.path, problem.suggestion) == (key, f"{key}=...")


@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
def test_vllm_registers_every_class_that_names_no_module() -> None:
    package = importlib.util.find_spec("vllm")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "distributed/kv_transfer/kv_connector"
    source = (folder / "factory.py").read_text()
    registered = set(re.findall(r'^    "(\w+Connector\w*)",$', source, re.MULTILINE))
    assert "NixlConnector" in registered
    entries = [entry for name in NAMES for entry in composed(name).connector.chain.values()]
    classes = {entry.kv_connector for entry in entries if entry.kv_connector_module_path is None}
    assert classes - registered == set()
