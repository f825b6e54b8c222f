"""The engines that the same tests are run with, each in the environment that it is installed in."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONTEXT = 1024


@dataclass(frozen=True)
class Backend:
    """One engine, and how it is started small."""

    name: str
    python: Path
    """Interpreter of the environment that has this engine."""
    process: str
    """Part of the name of the process that computes."""
    server: tuple[str, ...]
    """Overrides for a server with a context of 1024 tokens and 32 requests at a time."""
    engine: dict[str, Any]
    """Engine arguments for a context of 512 tokens and 8 requests at a time, blocks of 32."""
    running: str
    """Name of the metric that counts the requests in work."""


VLLM = Backend(
    "vllm",
    Path(sys.executable),
    "EngineCore",
    (
        "backend.engine.max_model_len=1024",
        "backend.engine.max_num_seqs=32",
        "backend.environment.VLLM_CPU_KVCACHE_SPACE=1",
    ),
    {"dtype": "float32", "max_model_len": 512, "max_num_seqs": 8, "block_size": 32},
    "vllm:num_requests_running",
)
SGLANG = Backend(
    "sglang",
    Path(os.environ.get("PYTHON_OF_SGLANG", ROOT / ".venv-sglang" / "bin" / "python")),
    "sglang::schedul",  # the system cuts names at 15 characters
    (
        "backend=sglang",
        # SGLang keeps two tokens of the context to itself.
        "backend.engine.context_length=1026",
        "backend.engine.max_running_requests=32",
        "backend.engine.page_size=32",
    ),
    {
        "dtype": "float32",
        "context_length": 514,
        "max_running_requests": 8,
        "page_size": 32,
        "max_total_tokens": 16384,
        "device": "cpu",
        "attention_backend": "torch_native",
        "sampling_backend": "pytorch",
        "disable_cuda_graph": True,
        "sleep_on_idle": True,
        "skip_tokenizer_init": True,
        "incremental_streaming_output": True,
    },
    "sglang:num_running_reqs",
)

VLLM_ONLY = pytest.mark.parametrize("backend", [VLLM], indirect=True, scope="session", ids=["vllm"])
"""For tests of what other engines cannot do yet."""


def installed(backend: Backend) -> Backend:
    """Return the backend, or fail the test with what is to be done."""
    if not backend.python.exists():
        pytest.fail(f"{backend.python} is missing: make setup BACKEND={backend.name}")
    return backend
