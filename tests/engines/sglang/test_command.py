"""The printed command line starts the same engine with SGLang's own server."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.plan import EnginePlan
from dynamo.config.schema import Config
from dynamo.engines.catalogue import Argument, load
from dynamo.engines.sglang.arguments import engine_plan
from dynamo.engines.sglang.command import flag_words, serve_command
from tests.e2e.backends import SGLANG, installed

Build = Callable[..., Config]

VERSION = "0.5.20"


def plan(version: str = VERSION, **arguments: Any) -> EnginePlan:
    return EnginePlan("sglang", version, "cuda", {"model_path": "org/model", **arguments}, {})


def test_environment_model_and_flags_stand_one_per_line() -> None:
    given = EnginePlan(
        "sglang",
        VERSION,
        "cpu",
        {"model_path": "org/model", "tp_size": 2, "trust_remote_code": True},
        {"SGLANG_USE_CPU_ENGINE": "1"},
    )
    assert serve_command(given).splitlines() == [
        "SGLANG_USE_CPU_ENGINE=1 \\",
        "python -m sglang.launch_server --model-path org/model \\",
        "  --tp-size 2 \\",
        "  --trust-remote-code",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"trust_remote_code": False}, []),
        ({"lora_strict_loading": True}, ["--lora-strict-loading"]),
        ({"lora_strict_loading": False}, ["--no-lora-strict-loading"]),
        ({"cuda_graph_bs_decode": [1, 2]}, ["--cuda-graph-bs-decode", "1", "2"]),
        ({"lora_target_modules": ["q_proj", "v_proj"]},
         ["--lora-target-modules", "q_proj", "v_proj"]),
        ({"kv_events_config": '{"publisher": "zmq"}'},
         ["--kv-events-config", '{"publisher": "zmq"}']),
        ({"cuda_graph_config": {"decode": {"max_bs": 8}}},
         ["--cuda-graph-config", '{"decode": {"max_bs": 8}}']),
        ({"forward_hooks": [{"name": "x"}]}, ["--forward-hooks", '[{"name": "x"}]']),
        ({"chunked_prefill_size": -1}, ["--chunked-prefill-size", "-1"]),
        ({"mem_fraction_static": None}, []),
        ({"disable_cuda_graph": True}, ["--disable-cuda-graph"]),
    ],
)  # fmt: skip
def test_an_argument_becomes_a_flag(arguments: dict[str, Any], words: list[str]) -> None:
    catalogue = load("sglang", VERSION)
    assert [word for flag in flag_words(plan(**arguments), catalogue) for word in flag] == words


def test_who_pastes_the_line_is_told_that_the_server_takes_token_ids_only() -> None:
    assert serve_command(plan(skip_tokenizer_init=True)).startswith("# With --skip-tokenizer-init")
    assert not serve_command(plan(skip_tokenizer_init=False)).startswith("#")


def test_what_the_command_line_cannot_say_is_said_in_a_comment() -> None:
    text = serve_command(plan(grpc_worker_threads=2))
    assert text.splitlines()[0] == "# not on SGLang's command line: grpc_worker_threads=2"


def sample(argument: Argument) -> Any:
    """Return a legal value that is not the default; None where a test cannot know one."""
    choices = [choice for choice in argument.choices if choice != argument.default]
    if argument.takes_list:
        item = 1 if "int" in argument.type else 0.5 if "float" in argument.type else "1"
        return [argument.choices[0] if argument.choices else item]
    if argument.choices:
        return choices[-1] if choices else None
    if argument.type.startswith("bool"):
        return True if argument.action == "on" else not argument.default
    if argument.type.startswith("int"):
        return 3 if argument.default != 3 else 4
    if argument.type.startswith("float"):
        return 0.25
    if argument.type.startswith("dict"):
        return '{"key": 1}' if argument.as_json == "text" else {"key": 1}
    return "text" if argument.type.startswith("str") else None


# Checked or replaced by SGLang's parser itself, or not of the type that its own annotation says.
NEEDS_MORE = {"cuda_graph_config", "limit_mm_data_per_request", "lora_paths", "modelopt_quant"}


def questions(build: Build, version: str) -> dict[str, EnginePlan]:
    """Plans as the launcher makes them, and every argument on its own."""
    gpu, cpu = Machine(gpus=1), Machine(cpu_bf16=False)
    composed = {
        "gpu": engine_plan(build(version=version), gpu)[0],
        "cpu": engine_plan(build(version=version), cpu)[0],
        "prefill": engine_plan(build(version=version, role="prefill", connectors=("nixl",)), gpu)[
            0
        ],
        "embedding": engine_plan(build(version=version, embedding_worker=True), gpu)[0],
        "events": engine_plan(
            build({"kv_events_config": {"publisher": "zmq"}}, version=version), gpu
        )[0],
    }
    alone = {
        name: plan(version, **{name: value})
        for name, argument in load("sglang", version).arguments.items()
        if name != "model_path" and argument.flags and name not in NEEDS_MORE
        if (value := sample(argument)) is not None
    }
    return {**composed, **alone}


@pytest.mark.e2e
def test_sglang_reads_every_flag_as_the_same_argument(build: Build) -> None:
    catalogue = load("sglang", VERSION)
    plans = questions(build, VERSION)
    asked = [
        {
            "words": [word for flag in flag_words(p, catalogue) for word in flag],
            "arguments": {name: p.arguments[name] for name in p.arguments if name != "model_path"},
        }
        for p in plans.values()
    ]
    run = subprocess.run(
        [installed(SGLANG).python, Path(__file__).with_name("sglang_parser.py")],
        input=json.dumps(asked),
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    answers = dict(zip(plans, json.loads(run.stdout), strict=True))
    assert len(answers) > 300
    wrong = [f"{name}: {answer}" for name, answer in answers.items() if answer != "same"]
    assert wrong == []
