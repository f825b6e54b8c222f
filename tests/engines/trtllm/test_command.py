"""The printed command line starts the same engine with TensorRT-LLM's own server."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dynamo.config.machine import Machine
from dynamo.config.schema import Config, ModelConfig
from dynamo.engines.trtllm.command import serve_command
from dynamo.launcher.planning import plan_launch

Build = Callable[..., Config]

GPU = Machine(gpus=8)


def text(config: Config) -> str:
    return serve_command(plan_launch(config, GPU))


def test_flags_for_what_has_one_and_a_file_for_the_rest(build: Build) -> None:
    config = build({"trust_remote_code": True}, tensor_parallel_size=4, max_seq_len=4096)
    options, command = text(config).split("END-OF-OPTIONS\nPYTHONHASHSEED")
    assert options.startswith("cat > trtllm-options.yaml <<'END-OF-OPTIONS'\n")
    assert ("PYTHONHASHSEED" + command).splitlines() == [
        "PYTHONHASHSEED=0 \\",
        "TLLM_LOG_LEVEL=INFO \\",
        "trtllm-serve org/model \\",
        "  --tp_size 4 \\",
        "  --pp_size 1 \\",
        "  --max_num_tokens 8192 \\",
        "  --max_seq_len 4096 \\",
        "  --max_beam_width 1 \\",
        "  --max_batch_size 2048 \\",
        "  --trust_remote_code \\",
        "  --extra_llm_api_options trtllm-options.yaml",
    ]


def test_a_served_name_of_its_own_is_passed(build: Build) -> None:
    config = build()
    config.model = ModelConfig("org/model", served_name="llama")
    assert "--served_model_name llama" in text(config)
    assert "--served_model_name" not in text(build())


def pasted(script: str, directory: Path) -> list[str]:
    """Run the script in a shell, with a server that only writes down its words."""
    server = directory / "trtllm-serve"
    server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    server.chmod(0o755)
    path = f"PATH={shlex.quote(str(directory))}:$PATH\n"
    run = ["bash", "-euc", path + script]
    done = subprocess.run(run, cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_a_shell_gives_the_server_exactly_the_plan(build: Build, tmp_path: Path) -> None:
    awkward: dict[str, Any] = {
        "speculative_config": {"decoding_type": "NGram", "path": 'it\'s $HOME `x` \\ "q" ünï'},
        "tokenizer": "/a dir/$x",
        "enable_chunked_prefill": False,
    }
    config = build(awkward, publish_kv_events=True)
    plan = plan_launch(config, GPU)
    words = pasted(serve_command(plan), tmp_path)
    said = yaml.safe_load((tmp_path / "trtllm-options.yaml").read_text())
    flags = {"tensor_parallel_size": "--tp_size", "tokenizer": "--tokenizer"}
    for name, value in plan.engine.arguments.items():
        if name in said:
            assert said[name] == value
        elif name in flags:
            assert words[words.index(flags[name]) + 1] == str(value)
    assert {"speculative_config", "enable_chunked_prefill", "kv_cache_config"} <= said.keys()
    assert words[0] == "org/model"


def test_a_diffusion_worker_has_no_server_of_its_own(build: Build) -> None:
    assert text(build(modality="video_diffusion")).startswith("# ")
