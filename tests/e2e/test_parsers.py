"""Tool calls, reasoning and sampling defaults: a real server whose model says what it must."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.servers import Server, running_server
from tests.e2e.test_openai_api import events

pytestmark = pytest.mark.e2e
CALL = """Easy.</think><tool_call>
{"name": "get_weather", "arguments": {"city": "Paris"}}
</tool_call>"""
REASONED = "It is in France.</think>Paris"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def server(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with both parsers and defaults for what a request does not say."""
    overrides = [
        "runtime.tool_call_parser=hermes",
        # No token of this model is `<think>`: parsers that wait for it miss it in pieces.
        "runtime.reasoning_parser=deepseek_r1",
        "sampling.temperature=0",
        "sampling.max_tokens=48",
    ]
    log = tmp_path_factory.mktemp("parsers") / "server.log"
    with running_server(log, f"model.path={smollm2}", *overrides) as running:
        yield running


def deltas(response: httpx.Response, name: str) -> list[Any]:
    """Return one part of all streamed deltas."""
    choices = [choice for event in events(response) for choice in event["choices"]]
    return [choice["delta"][name] for choice in choices if choice["delta"].get(name)]


def test_r27_a_tool_call_arrives_as_such(server: Server) -> None:
    answer = server.chat(guided_choice=[CALL], tools=[WEATHER], max_tokens=64).json()
    (choice,) = answer["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["reasoning_content"].strip() == "Easy."
    assert not choice["message"].get("content")


def test_r27_a_streamed_tool_call_arrives_as_such(server: Server) -> None:
    response = server.chat(guided_choice=[CALL], tools=[WEATHER], max_tokens=64, stream=True)
    calls = [call for delta in deltas(response, "tool_calls") for call in delta]
    assert "".join(call["function"].get("name") or "" for call in calls) == "get_weather"
    arguments = "".join(call["function"].get("arguments") or "" for call in calls)
    assert json.loads(arguments) == {"city": "Paris"}


def test_r27_reasoning_is_told_apart_from_the_answer(server: Server) -> None:
    message = server.chat(guided_choice=[REASONED]).json()["choices"][0]["message"]
    assert message["reasoning_content"].strip() == "It is in France."
    assert message["content"].strip() == "Paris"


def test_r118_what_a_request_does_not_say_comes_from_the_worker(server: Server) -> None:
    question = {
        "model": "smollm2", "prompt": "Once upon a time", "ignore_eos": True,
    }  # fmt: skip
    url = f"{server.url}/v1/completions"
    silent = [httpx.post(url, json=question, timeout=120).json() for _ in range(2)]
    assert [answer["usage"]["completion_tokens"] for answer in silent] == [48, 48]
    assert silent[0]["choices"][0]["text"] == silent[1]["choices"][0]["text"]
    stated = httpx.post(url, json={**question, "max_tokens": 5}, timeout=120).json()
    assert stated["usage"]["completion_tokens"] == 5
