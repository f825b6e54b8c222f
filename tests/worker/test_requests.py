"""What a client sees: the OpenAI API of a worker with the mock engine."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from tests.worker.processes import MODEL, StartWorker, Worker

pytestmark = pytest.mark.e2e


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the JSON events of a streamed answer, which must end with [DONE]."""
    lines = [line for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_the_model_is_listed(worker: Worker) -> None:
    models = httpx.get(f"{worker.url}/v1/models").json()["data"]
    assert [model["id"] for model in models] == [MODEL]


@pytest.mark.parametrize("path", ["/health", "/live", "/metrics"])
def test_probes_answer(worker: Worker, path: str) -> None:
    assert httpx.get(f"{worker.url}{path}").status_code == 200


def test_metrics_count_requests(worker: Worker) -> None:
    worker.complete()
    metrics = httpx.get(f"{worker.url}/metrics").text
    assert f'model="{MODEL}"' in metrics
    assert "requests_total" in metrics


def test_a_completion_has_text_usage_and_finish_reason(worker: Worker) -> None:
    answer = worker.complete().json()
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["text"]
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (3, 8)


def test_a_streamed_completion_gives_the_same_text_piece_by_piece(worker: Worker) -> None:
    whole = worker.complete(seed=7).json()["choices"][0]["text"]
    pieces = events(worker.complete(seed=7, stream=True))
    texts = [choice["text"] for event in pieces for choice in event["choices"]]
    assert "".join(texts) == whole
    assert len(texts) > 1


def test_usage_comes_with_a_stream_when_asked_for(worker: Worker) -> None:
    last = events(worker.complete(stream=True, stream_options={"include_usage": True}))[-1]
    assert last["usage"]["completion_tokens"] == 8


def test_chat_answers_through_the_chat_template(worker: Worker) -> None:
    question = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "w1 w2"}],
        "max_tokens": 4,
    }
    answer = httpx.post(f"{worker.url}/v1/chat/completions", json=question).json()
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["usage"]["prompt_tokens"] == 2


def test_several_choices_have_their_own_index(worker: Worker) -> None:
    choices = worker.complete(n=3, temperature=1).json()["choices"]
    assert sorted(choice["index"] for choice in choices) == [0, 1, 2]
    assert all(choice["finish_reason"] == "length" for choice in choices)


def test_a_seed_repeats_an_answer(worker: Worker) -> None:
    texts = [worker.complete(seed=seed).json()["choices"][0]["text"] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_stop_word_ends_the_text_before_it(worker: Worker) -> None:
    words = worker.complete(seed=3).json()["choices"][0]["text"].split()
    answer = worker.complete(seed=3, stop=[words[3]], ignore_eos=False).json()["choices"][0]
    assert answer["finish_reason"] == "stop"
    assert answer["text"].split() == words[: words.index(words[3])]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"prompt": "w1 " * 300}, "has 300 tokens; the model's context holds 256"),
        ({"temperature": 3}, "Temperature must be between 0 and 2"),
        ({"no_such_field": 1}, "no_such_field"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_input_is_a_400_that_says_why(
    worker: Worker, body: dict[str, Any], words: str, stream: bool
) -> None:
    response = worker.complete(**body, stream=stream)
    assert response.status_code == 400
    assert words in response.text


def test_a_refused_request_does_not_fill_the_workers_log(worker: Worker) -> None:
    before = len(worker.log.read_text().splitlines())
    assert worker.complete(prompt="w1 " * 300).status_code == 400
    told = worker.log.read_text().splitlines()[before:]
    assert len(told) <= 20, told  # the runtime prints the exception itself, not its causes


def test_an_unknown_model_is_a_404(worker: Worker) -> None:
    assert worker.complete(model="nobody").status_code == 404


def test_without_a_limit_the_context_is_filled(worker: Worker) -> None:
    question = {"model": MODEL, "prompt": "w1 w2 w3", "ignore_eos": True}
    answer = httpx.post(f"{worker.url}/v1/completions", json=question, timeout=30).json()
    assert answer["usage"]["total_tokens"] == 256


def test_thirty_two_clients_at_once_all_get_their_own_answer(worker: Worker) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda seed: worker.complete(seed=seed), range(32)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["choices"][0]["text"] for answer in answers}) == 32


def test_a_client_that_leaves_makes_room_for_the_next(start_worker: StartWorker) -> None:
    """R115: one place, 200 tokens of 50 ms each: ten seconds if the engine went on."""
    slow = start_worker(max_num_seqs=1, decode_step_seconds=0.05)
    body = {"model": MODEL, "prompt": "w1", "max_tokens": 200, "stream": True}
    with httpx.stream("POST", f"{slow.url}/v1/completions", json=body) as answer:
        next(answer.iter_lines())
    assert slow.complete(seconds=3, max_tokens=2).status_code == 200


def test_the_official_client_works_unchanged(worker: Worker) -> None:
    client = openai.OpenAI(base_url=f"{worker.url}/v1", api_key="unused")
    messages: Any = [{"role": "user", "content": "w1 w2"}]
    stream: Any = client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=20, seed=5, stream=True
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    whole = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=20, seed=5)
    assert "".join(pieces) == whole.choices[0].message.content != ""
    with pytest.raises(openai.BadRequestError, match="context holds 256"):
        client.completions.create(model=MODEL, prompt="w1 " * 300)


def test_the_printed_curl_line_works_as_it_is(worker: Worker) -> None:
    (line,) = [row for row in worker.log.read_text().splitlines() if row.startswith("try: ")]
    done = subprocess.run(
        ["/bin/bash", "-c", line.removeprefix("try: ")],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert json.loads(done.stdout)["choices"][0]["message"]["content"]
