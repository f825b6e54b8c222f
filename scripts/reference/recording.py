"""What the published parsers made of each case, as it is committed.

The case without arguments is stored whole, the others as what they change in it.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "tests" / "data" / "reference_parsers"
NOTHING = "nothing"
"""Name of the case without arguments."""
RANDOM = ("engine_id",)
"""Keys whose values are drawn anew each time."""
ENGINE = {
    "vllm": (
        "block_size", "data_parallel_rank", "data_parallel_size", "disable_log_stats",
        "distributed_executor_backend", "enable_log_requests", "enable_prefix_caching",
        "gpu_memory_utilization", "kv_events_config", "kv_transfer_config", "max_model_len",
        "max_num_seqs", "runner", "skip_tokenizer_init", "stream_interval", "tensor_parallel_size",
    ),
    "sglang": (
        "context_length", "disaggregation_mode", "encoder_only", "is_embedding",
        "kv_events_config", "max_running_requests", "model_path", "reasoning_parser",
        "served_model_name", "skip_tokenizer_init", "tool_call_parser", "tp_size",
    ),
    "trtllm": (),
}  # fmt: skip
"""Attributes of the engine's own arguments that are kept; all others are the engine's business."""


@dataclass(frozen=True)
class Answer:
    """What one release makes of one case."""

    asked: Mapping[str, Any]
    values: Mapping[str, Any] | None
    """None when it refuses."""
    refused: str = ""


@dataclass(frozen=True)
class Recording:
    """Everything that was recorded of one backend of one release."""

    release: str
    backend: str
    versions: Mapping[str, str]
    stand_ins: Mapping[str, str]
    answers: Mapping[str, Answer]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The values of the case without arguments."""
        return self.answers[NOTHING].values or {}


def recording_file(release: str) -> Path:
    """Return where a release's recording is stored."""
    return FOLDER / f"ai-dynamo-{release}.json"


def stored(answer: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """Turn what the recorder said about one backend into what is committed."""
    outcomes = answer["outcomes"]
    defaults = _kept(outcomes[NOTHING]["values"], backend)
    cases = {name: _difference(found, defaults, backend) for name, found in outcomes.items()}
    return {
        "versions": answer["versions"], "stand_ins": answer["stand_ins"],
        "defaults": defaults, "cases": cases,
    }  # fmt: skip


def _difference(
    found: Mapping[str, Any], defaults: Mapping[str, Any], backend: str
) -> dict[str, Any]:
    asked = {"asked": {key: value for key, value in found["asked"].items() if value}}
    if "values" not in found:
        return {**asked, "refused": found["refused"]}
    values = _kept(found["values"], backend)
    changed = {k: v for k, v in values.items() if k not in defaults or defaults[k] != v}
    return {**asked, "changed": changed}


def _kept(values: Mapping[str, Any], backend: str) -> dict[str, Any]:
    engine = {f"engine.{name}" for name in ENGINE[backend]}
    kept = {k: v for k, v in values.items() if not k.startswith(("engine.", "_")) or k in engine}
    return {key: _steady(value) for key, value in kept.items()}


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(item) for key, item in value.items() if key not in RANDOM}
    return value


@functools.cache
def recordings() -> tuple[Recording, ...]:
    """Return all that is committed, one per release and backend."""
    documents = [json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))]
    return tuple(
        Recording(
            document["release"], backend, part["versions"], part["stand_ins"],
            {name: _answer(case, part["defaults"]) for name, case in part["cases"].items()},
        )
        for document in documents
        for backend, part in document["backends"].items()
    )  # fmt: skip


def _answer(case: Mapping[str, Any], defaults: Mapping[str, Any]) -> Answer:
    if "refused" in case:
        return Answer(case["asked"], None, case["refused"])
    return Answer(case["asked"], {**defaults, **case["changed"]})


def releases() -> Iterable[str]:
    """Return the recorded releases, oldest first."""
    return tuple(dict.fromkeys(one.release for one in recordings()))
