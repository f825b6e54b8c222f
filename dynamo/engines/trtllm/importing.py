"""Read command lines of `trtllm-serve` and of Dynamo's TensorRT-LLM worker."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.foreign_file import ForeignFileError, entries_of
from dynamo.config.problems import Problem
from dynamo.config.schema import ConnectorEntry
from dynamo.engines.flag_reading import dashed
from dynamo.engines.importing import Found, Prepared, ReadFile, ServerFlags, server_kinds
from dynamo.engines.trtllm.merging import merged

HOMES = {
    "model": "model.path",
    "moe_expert_parallel_size": "backend.expert_parallel_size",
    **{
        name: f"backend.{name}"
        for name in (
            "tensor_parallel_size", "pipeline_parallel_size", "gpus_per_node", "max_batch_size",
            "max_num_tokens", "max_seq_len", "max_beam_width",
        )
    },
}  # fmt: skip
SERVER = ServerFlags(
    server_kinds(
        switches=("enable_attention_dp", "enable_chunked_prefill"),
        values=(
            "backend", "chat_template", "cluster_size", "custom_module_dirs",
            "disagg_cluster_uri", "free_gpu_memory_fraction", "host",
            "kv_cache_free_gpu_memory_fraction", "log_level", "media_io_kwargs",
            "metadata_server_config_file", "otlp_traces_endpoint", "port", "served_model_name",
            "server_role", "tool_parser",
        ),
    ),
    homes={
        "host": "frontend.host",
        "port": "frontend.port",
        "served_model_name": "model.served_name",
        "free_gpu_memory_fraction": "backend.free_gpu_memory_fraction",
        "kv_cache_free_gpu_memory_fraction": "backend.free_gpu_memory_fraction",
        "enable_attention_dp": "backend.enable_attention_dp",
        "enable_chunked_prefill": "backend.engine.enable_chunked_prefill",
        "log_level": "backend.log_level",
        "tool_parser": "runtime.tool_call_parser",
        "chat_template": "runtime.custom_jinja_template",
    },
    reasons={"backend": "is always pytorch here"},
    otherwise="belongs to TensorRT-LLM's own HTTP server, which is not started here",
)  # fmt: skip

FILES = ("--extra-llm-api-options", "--config", "--extra-llm-api-config")
DYNAMIC = "--trtllm."
"""Beginning of the flags by which Dynamo's worker sets any argument of the engine."""
OVERRIDES = "--override-engine-args"


def prepared(words: Sequence[str], read: ReadFile, *, worker: bool) -> Prepared:
    """Read the file of options of the server; gather the worker's `--trtllm.group.key` flags."""
    return _worker(words) if worker else _server(words, read)


def _server(words: Sequence[str], read: ReadFile) -> Prepared:
    rest: list[str] = []
    engine: dict[str, Any] = {}
    problems: list[Problem] = []
    following = iter(words)
    for word in following:
        name, equals, value = word.partition("=")
        if dashed(name) not in FILES:
            rest.append(word)
            continue
        path = value if equals else next(following, "")
        try:
            engine = merged(engine, {entry.key: entry.value for entry in entries_of(read(path))})
        except (OSError, ForeignFileError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = f"cannot be used: {reason}"
            problems.append(Problem(name, path, text, source=COMMAND_LINE))
    return Prepared(tuple(rest), tuple(problems), engine)


def _worker(words: Sequence[str]) -> Prepared:
    rest: list[str] = []
    problems: list[Problem] = []
    gathered: dict[str, Any] = {}
    following = iter(words)
    for word in following:
        if not word.startswith(DYNAMIC):
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        nested: Any = _value(value if equals else next(following, ""))
        for key in reversed(name.removeprefix(DYNAMIC).replace("-", "_").split(".")):
            nested = {key: nested}
        gathered = merged(gathered, nested)
    if gathered and OVERRIDES in map(dashed, rest):
        text = "and --trtllm.* flags exclude each other"
        problems.append(Problem(OVERRIDES, "", text, "one of the two", source=COMMAND_LINE))
    elif gathered:
        rest += [OVERRIDES, json.dumps(gathered)]
    return Prepared(tuple(rest), tuple(problems))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def default_model(*, worker: bool) -> str | None:
    """Dynamo's worker has a default model; the server wants to be told."""
    return "TinyLlama/TinyLlama-1.1B-Chat-v1.0" if worker else None


def settled(found: Found, connectors: Mapping[str, ConnectorEntry]) -> Found:
    """TensorRT-LLM's settings say all that its command lines say."""
    return found
