"""What clients of a real server see: the OpenAI API, answered by a real model."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.servers import FRANCE, MODEL, Server


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the JSON events of a streamed answer, which must end with [DONE]."""
    assert response.status_code == 200, response.text
    lines = [line for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_a_question_gets_the_models_answer(server: Server) -> None:
    answer = server.chat().json()
    (choice,) = answer["choices"]
    assert "Paris" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["prompt_tokens"] > 20
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_streamed_answer_is_the_same_piece_by_piece(server: Server) -> None:
    whole = server.chat().json()["choices"][0]["message"]["content"]
    pieces = events(server.chat(stream=True, stream_options={"include_usage": True}))
    deltas = [choice["delta"] for event in pieces for choice in event["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == whole
    assert len(deltas) > 3
    assert pieces[-1]["usage"]["completion_tokens"] > 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_completion_is_as_long_as_asked_for(server: Server, stream: bool) -> None:
    response = server.complete(ignore_eos=True, stream=stream)
    answers = events(response) if stream else [response.json()]
    choices = [choice for answer in answers for choice in answer["choices"]]
    assert "".join(choice["text"] for choice in choices).strip()
    assert choices[-1]["finish_reason"] == "length"


def test_the_prefix_cache_is_reported(server: Server) -> None:
    prompt = "All happy families are alike. " * 20
    server.complete(prompt=prompt)
    usage = server.complete(prompt=prompt).json()["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] >= 64


def test_several_choices_differ_and_are_counted_together(server: Server) -> None:
    answer = server.complete(n=3, temperature=1, seed=5, ignore_eos=True).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert len({choice["text"] for choice in answer["choices"]}) == 3
    assert answer["usage"]["completion_tokens"] == 24


def test_a_seed_repeats_an_answer(server: Server) -> None:
    def text(seed: int) -> str:
        body = {"temperature": 1, "seed": seed, "ignore_eos": True, "max_tokens": 16}
        return str(server.complete(**body).json()["choices"][0]["text"])

    first = text(11)
    assert text(11) == first
    assert text(12) != first


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_string_ends_the_text_before_it(server: Server, stream: bool) -> None:
    response = server.chat(stop=[" of"], stream=stream)
    answers = events(response) if stream else [response.json()]
    part = "delta" if stream else "message"
    parts = [choice[part] for answer in answers for choice in answer["choices"]]
    assert "".join(part.get("content") or "" for part in parts) == "The capital"
    reasons = [choice["finish_reason"] for answer in answers for choice in answer["choices"]]
    assert [reason for reason in reasons if reason] == ["stop"]


def test_log_probabilities_name_the_chosen_token_first(server: Server) -> None:
    answer = server.chat(logprobs=True, top_logprobs=2, max_tokens=4).json()
    content = answer["choices"][0]["logprobs"]["content"]
    assert "".join(entry["token"] for entry in content) == "The capital of France"
    for entry in content:
        assert entry["logprob"] <= 0
        assert len(entry["top_logprobs"]) == 2
        assert entry["top_logprobs"][0]["token"] == entry["token"]


def test_structured_output_follows_the_schema(server: Server) -> None:
    schema = {
        "type": "object",
        "properties": {"capital": {"enum": ["Oslo", "Paris"]}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = server.chat(response_format=wanted, max_tokens=48).json()
    assert json.loads(answer["choices"][0]["message"]["content"])["capital"] in ("Oslo", "Paris")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"prompt": "word " * 1200}, "the model's context holds 1024"),
        ({"n": 2}, "temperature must be greater than 0"),
        ({"guided_regex": "("}, "regex"),
        ({"temperature": 9}, "Temperature must be between 0 and 2"),
        ({"no_such_field": 1}, "no_such_field"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_input_is_a_400_that_says_why(
    server: Server, body: dict[str, Any], words: str, stream: bool
) -> None:
    response = server.complete(**body, stream=stream)
    assert response.status_code == 400, response.text
    assert words in response.text


def test_the_context_can_be_filled_to_the_last_token(server: Server) -> None:
    prompt = "word " * 1010
    counted = server.complete(prompt=prompt, max_tokens=1).json()["usage"]["prompt_tokens"]
    body = {"model": MODEL, "prompt": prompt, "temperature": 0, "ignore_eos": True}
    answer = httpx.post(f"{server.url}/v1/completions", json=body, timeout=120).json()
    assert answer["usage"] == {**answer["usage"], "total_tokens": 1024, "prompt_tokens": counted}
    assert answer["choices"][0]["finish_reason"] == "length"


def test_thirty_two_clients_at_once_are_answered_as_if_alone(server: Server) -> None:
    prompts = [f"{number} is a number. {number + 1} is" for number in range(32)]
    alone = [text(server, prompt) for prompt in prompts[:4]]
    with ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda prompt: text(server, prompt), prompts))
    assert all(together)
    assert together[:4] == alone


def text(server: Server, prompt: str) -> str:
    response = server.complete(prompt=prompt, ignore_eos=True, max_tokens=16)
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["text"])


def test_r115_a_client_that_leaves_stops_its_computation(server: Server) -> None:
    body = {
        "model": MODEL, "prompt": "Once", "max_tokens": 1000, "ignore_eos": True, "stream": True,
    }  # fmt: skip
    url = f"{server.url}/v1/completions"
    with httpx.stream("POST", url, json=body, timeout=120) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert busy_seconds(server) > 0.2
    time.sleep(1)
    assert busy_seconds(server) < 0.2


def busy_seconds(server: Server) -> float:
    """Return how long the engine core computes within one second."""
    core = server.engine_core()
    before = core.cpu_times()
    time.sleep(1)
    after = core.cpu_times()
    return float(after.user + after.system - before.user - before.system)


def test_the_official_client_works_unchanged(server: Server) -> None:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", timeout=120)
    messages: Any = FRANCE
    assert [model.id for model in client.models.list()] == [MODEL]
    whole = client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=24, temperature=0
    )
    stream: Any = client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=24, temperature=0, stream=True
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert "Paris" in "".join(pieces)
    with pytest.raises(openai.BadRequestError, match="context holds 1024"):
        client.completions.create(model=MODEL, prompt="word " * 1200)


def test_the_printed_curl_line_works_as_it_is(server: Server) -> None:
    (line,) = [row for row in server.log.read_text().splitlines() if row.startswith("try: ")]
    done = subprocess.run(
        ["/bin/bash", "-c", line.removeprefix("try: ")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["choices"][0]["message"]["content"]


@pytest.mark.parametrize("path", ["/health", "/live", "/metrics", "/v1/models"])
def test_probes_answer(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}{path}").status_code == 200


def test_an_unknown_model_is_a_404(server: Server) -> None:
    assert server.complete(model="nobody").status_code == 404
