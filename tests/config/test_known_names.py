"""The committed names are those of the runtime wheel, and nothing but names."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.config.known_names import reasoning_parsers, runtime_variables, tool_call_parsers

ROOT = Path(__file__).parents[2]

IN_THE_INSTALLED_WHEEL = """
import json
from scripts.make_names import runtime_names
print(json.dumps(runtime_names()))
"""


@pytest.mark.parametrize(
    "name",
    [
        "DYN_NAMESPACE",
        "DYN_SYSTEM_PORT",
        "DYN_HEALTH_CHECK_ENABLED",
        "DYN_TCP_LATENCY_TRACE",
        "DYN_TOKEN_IDS_AS_BYTES",
        "DYN_ROUTER_KV_OVERLAP_SCORE_CREDIT",
        "DYN_KVBM_CPU_CACHE_GB",
        "DYN_TRTLLM_MODEL",
        "ETCD_AUTH_CLIENT_KEY",
        "NATS_AUTH_CREDENTIALS_FILE",
    ],
)
def test_a_variable_of_the_cluster_is_known(name: str) -> None:
    assert name in runtime_variables()


@pytest.mark.parametrize(
    "fragment",
    ["DYN_COMPONENTE", "DYN_TCP_LATENCY_TRACER", "DYN_ROU", "DYN_RUNTIME_", "NATS_ERRORS_TOTAL17"],
)
def test_a_fragment_of_the_library_is_no_variable(fragment: str) -> None:
    assert fragment not in runtime_variables()


def test_every_variable_is_a_whole_name() -> None:
    shape = re.compile(r"(DYN|ETCD|NATS)(_[A-Z0-9]+)+")
    assert [name for name in runtime_variables() if not shape.fullmatch(name)] == []


def test_the_parsers_of_the_reference_are_known() -> None:
    assert {"hermes", "mistral", "pythonic", "llama3_json"} <= set(tool_call_parsers())
    assert {"basic", "deepseek_r1", "qwen3", "gpt_oss"} <= set(reasoning_parsers())


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("dynamo._core") is None, reason="ai-dynamo-runtime is not installed"
)
def test_the_committed_names_are_those_of_the_installed_runtime() -> None:
    run = [sys.executable, "-c", IN_THE_INSTALLED_WHEEL]
    answer = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True)
    committed = json.loads((ROOT / "dynamo/config/data/names.json").read_text())
    del committed["other_variables"]
    assert json.loads(answer.stdout) == committed
