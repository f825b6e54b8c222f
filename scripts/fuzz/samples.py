"""Correct requests, from which all others are made."""

from pathlib import Path
from typing import Any

from scripts.fuzz.request import Request

MODEL = "fuzz"
TOKENS = 4
LIMITS = {"backend.engine.max_num_seqs": 8, "backend.engine.max_num_batched_tokens": 64}


def tokens(**more: Any) -> dict[str, Any]:
    """Return what the frontend's preprocessor makes of a completion."""
    return {
        "model": MODEL,
        "token_ids": [5, 6, 7],
        "stop_conditions": {
            "max_tokens": TOKENS, "min_tokens": 0, "stop": None, "stop_token_ids": [9],
            "stop_token_ids_hidden": [2], "ignore_eos": True, "max_thinking_tokens": None,
        },
        "sampling_options": {
            "n": 1, "best_of": None, "presence_penalty": 0.1, "frequency_penalty": 0.1,
            "repetition_penalty": 1.1, "temperature": 0.7, "top_p": 0.9, "top_k": 5, "min_p": 0.1,
            "seed": 1, "use_beam_search": None, "length_penalty": None, "guided_decoding": None,
        },
        "output_options": {"logprobs": 1, "prompt_logprobs": None, "skip_special_tokens": True},
        "eos_token_ids": [2],
        "annotations": [],
        "routing": {"priority": 0},
        "mdc_sum": None,
        "prefill_result": None,
        "multi_modal_data": None,
        **more,
    }  # fmt: skip


def guided(constraint: dict[str, Any]) -> dict[str, Any]:
    """Return the same with a constraint on the answer."""
    options = tokens()["sampling_options"]
    return tokens(sampling_options={**options, "guided_decoding": constraint})


def handed_over() -> dict[str, Any]:
    """Return the same as it goes to a decode worker."""
    params = {"disaggregated_params": {"kv_transfer_params": {"do_remote_prefill": True}}}
    return tokens(prefill_result={**params, "prompt_tokens_details": {"cached_tokens": 1}})


def chat(**more: Any) -> dict[str, Any]:
    """Return a chat in OpenAI's form."""
    system = {"role": "system", "content": "w1"}
    question = {"role": "user", "content": [{"type": "text", "text": "w2 w3"}]}
    return {
        "model": MODEL, "messages": [system, question], "max_tokens": TOKENS, "temperature": 0.7,
        "top_p": 0.9, "n": 1, "stop": ["w50"], "presence_penalty": 0.1, "frequency_penalty": 0.1,
        "seed": 1, **more,
    }  # fmt: skip


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
EXTENSIONS = {"ignore_eos": True, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1}

TOKEN_WIRE = (
    tokens(), guided({"json": {"type": "object"}}), guided({"regex": "[a-z]+"}),
    guided({"choice": ["a", "b"]}), handed_over(),
)  # fmt: skip
TEXT_WIRE = (
    chat(), chat(**EXTENSIONS, min_tokens=1, stop_token_ids=[9]), chat(tools=[TOOL]),
    chat(response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}),
    chat(chat_template_args={"enable_thinking": False}), chat(guided_regex="[a-z]+"),
    {"prompt": "w1 w2", "max_tokens": TOKENS}, {"text": "w1 w2", "max_tokens": TOKENS},
)  # fmt: skip
CHATS = (
    chat(), chat(stream=True, stream_options={"include_usage": True}), chat(tools=[TOOL]),
    chat(logprobs=True, top_logprobs=2), chat(nvext={"ignore_eos": True, "top_k": 5}),
    chat(response_format={"type": "json_object"}),
)  # fmt: skip
COMPLETIONS = (
    {"model": MODEL, "prompt": "w1 w2 w3", "max_tokens": TOKENS, "ignore_eos": True, "logprobs": 1},
    {"model": MODEL, "prompt": [5, 6, 7], "max_tokens": TOKENS, "stream": True, "stop": ["w50"]},
)  # fmt: skip


def over_runtime(values: tuple[dict[str, Any], ...]) -> tuple[Request, ...]:
    """Return requests of which only the value travels."""
    return tuple(Request(value) for value in values)


def posts(path: str, *values: Any) -> tuple[Request, ...]:
    """Return HTTP requests with these bodies."""
    return tuple(Request(value, path=path.encode()) for value in values)


def settings() -> tuple[Request, ...]:
    """Return what control routes are asked."""
    change = {**LIMITS, "logs.level": "warn"}
    patch = Request(change, method=b"PATCH", path=b"/control/settings")
    return (patch, patch, Request(method=b"GET", path=b"/control/settings"))


def operations(adapter: Path) -> tuple[Request, ...]:
    """Return what the routes of the status server are asked."""
    load = {"lora_name": "mine", "source": {"uri": f"file://{adapter}"}}
    return (
        *posts("/engine/sleep", {"level": 1}), *posts("/engine/control/sleep", {}),
        *posts("/engine/wake_up", {}), *posts("/engine/start_profile", {}),
        *posts("/v1/loras", load, load),
        Request(method=b"DELETE", path=b"/v1/loras/mine"),
        Request(method=b"GET", path=b"/v1/loras"),
    )  # fmt: skip
