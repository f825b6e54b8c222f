"""The engines' own parsers make of a command line what the importer makes of it."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dynamo.engines.catalogue import load
from dynamo.engines.sglang.arguments import as_sglang_takes_them
from dynamo.launcher.importer.source import Source
from dynamo.launcher.importer.translate import translate
from tests.e2e.backends import SGLANG, VLLM, Backend, installed
from tests.launcher.importer.roundtrip import ROOT

VERSIONS = {"vllm": "0.32.0", "sglang": "0.5.20"}
VLLM_LINES = [
    "--max-model-len 4k --max-num-batched-tokens 8K --kv-cache-memory-bytes 2.5g",
    "--max_model_len=4096 --max_num_seqs=8 -tp=2 -pp 1",
    "--max-model-le -1 --gpu-memory-util 0.5 --no-enable-prefix-cach",
    "--enforce-eager --no-enforce-eager --seed 1 --seed 2",
    "-O3",
    "-O 1 --enforce-eager",
    "-O=0",
    "-cc.mode=3 -cc.pass_config.fuse_norm_quant true",
    "-cc.cudagraph_capture_sizes+ 1,2 -cc.cudagraph_capture_sizes+=4",
    "--compilation-config {\"mode\":1} -cc.mode=3",
    "--speculative_config.method ngram --speculative-config.num_speculative_tokens 3",
    "--hf-overrides.rope_scaling.factor 2.0 --hf-overrides.x 1k",
    "--limit-mm-per-prompt {\"image\":2,\"video\":{\"count\":1}}",
    "--served-model-name a b c",
    "--quantization None --load-format dummy",
    "--hf-token --seed 7",
    "--hf-token= --seed 7",
    "--device-ids 0,1",
    "--cudagraph-capture-sizes 1 2 4 8",
    "--revision=-x --trust-remote-code",
    "--dtype half --kv-cache-dtype fp8 --block-size 32",
    "--logits-processors a.b:C d.e:F --allowed-media-domains x.y",
    (
        '--kv-transfer-config {"kv_connector":"OffloadingConnector","kv_role":"kv_both",'
        '"kv_connector_extra_config":{"cpu_bytes_to_use":80m}}'
    ),
    "--data-parallel-size 2 --data-parallel-size-local 1 -dpa 10.0.0.1 -dpp 1234",
]  # fmt: skip
SGLANG_LINES = [
    "--tp 2 --mem-fraction-static 0.85 --trust-remote-code",
    "--tensor-parallel-size=4 --dp-size 2 --enable-dp-attention",
    "--context-length 4k --page-size 16",
    "--context-length 4Ki --disable-radix-cache",
    '--kv-events-config \'{"publisher": "zmq"}\' --json-model-override-args \'{"a": 1}\'',
    "--lora-paths a=b c=d --max-loras-per-batch 2",
    "--cuda-graph-bs-decode 1 2 4",
    "--host 0.0.0.0 --port 31000 --log-level debug",
    "--speculative-algorithm EAGLE --speculative-num-steps 3 --speculative-eagle-topk 1",
    "--enable-metrics --skip-tokenizer-init --page-size 1 --page-size 32",
]


def questions(engine: str, command: list[str], lines: list[str]) -> list[dict[str, Any]]:
    """Return the words of each line with the arguments that the importer reads."""
    asked: list[dict[str, Any]] = []
    for line in lines:
        words = shlex.split(line) if "'" in line else line.split()
        found = translate(Source((*command, *words)), VERSIONS, {}).found
        arguments = dict(found.engine)
        if engine == "vllm":
            arguments["model"] = found.settings["model.path"]
            if "--served-model-name" in words:
                arguments["served_model_name"] = words[words.index("--served-model-name") + 1 :]
            if "--hf-token=" in words:
                arguments["hf_token"] = ""
            words = ["org/model", *words]
        else:
            arguments = as_sglang_takes_them(arguments, load("sglang", VERSIONS["sglang"]))
        asked.append({"words": words, "arguments": arguments})
    return asked


def answers(backend: Backend, script: Path, asked: list[dict[str, Any]]) -> list[str]:
    run = subprocess.run(
        [installed(backend).python, script],
        input=json.dumps(asked),
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    found: list[str] = json.loads(run.stdout)
    return found


@pytest.mark.e2e
def test_vllm_reads_each_line_as_the_importer_does() -> None:
    asked = questions("vllm", ["vllm", "serve", "org/model"], VLLM_LINES)
    said = answers(VLLM, ROOT / "tests/engines/vllm/vllm_parser.py", asked)
    assert dict(zip(VLLM_LINES, said, strict=True)) == dict.fromkeys(VLLM_LINES, "same")


@pytest.mark.e2e
def test_sglang_reads_each_line_as_the_importer_does() -> None:
    command = ["python", "-m", "sglang.launch_server", "--model-path", "org/model"]
    asked = questions("sglang", command, SGLANG_LINES)
    said = answers(SGLANG, ROOT / "tests/engines/sglang/sglang_parser.py", asked)
    assert dict(zip(SGLANG_LINES, said, strict=True)) == dict.fromkeys(SGLANG_LINES, "same")
