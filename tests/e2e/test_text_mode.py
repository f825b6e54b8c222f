"""A real server in text mode, with adapters and a profiler: everything that is asked of vLLM."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.servers import FRANCE, MODEL, Server, running_server
from tests.e2e.test_openai_api import events
from tests.worker.processes import low_free_port

pytestmark = pytest.mark.e2e


class Steered:
    """A server and its status server."""

    def __init__(self, server: Server, port: int, traces: Path) -> None:
        self.server = server
        self.status = f"http://127.0.0.1:{port}"
        self.traces = traces

    def engine(self, name: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.status}/engine/{name}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def steered(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    """Return one server for all tests of this module."""
    place, port = tmp_path_factory.mktemp("text"), low_free_port()
    traces = place / "traces"
    overrides = [
        "backend.use_vllm_tokenizer=true",
        "runtime.endpoint_types=[chat]",
        "lora=enabled",
        "backend.engine.max_loras=2",
        "backend.engine.max_lora_rank=8",
        f"backend.engine.profiler_config={{profiler: torch, torch_profiler_dir: {traces}}}",
        f"runtime.system_port={port}",
        "health.canary_enabled=true",
        "health.canary_wait_seconds=1",
    ]
    with running_server(place / "server.log", f"model.path={smollm2}", *overrides) as server:
        yield Steered(server, port, traces)


def test_r129_r131_a_chat_is_answered(steered: Steered) -> None:
    answer = steered.server.chat().json()
    (choice,) = answer["choices"]
    assert "Paris" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert answer["model"] == MODEL


def test_r131_a_stream_has_the_same_text_piece_by_piece_and_ends_with_reason_and_usage(
    steered: Steered,
) -> None:
    whole = steered.server.chat().json()["choices"][0]["message"]["content"]
    pieces = events(steered.server.chat(stream=True, stream_options={"include_usage": True}))
    deltas = [choice["delta"] for event in pieces for choice in event["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == whole
    assert {event["object"] for event in pieces} == {"chat.completion.chunk"}
    assert any(event.get("usage") for event in pieces)


@pytest.mark.parametrize("stream", [False, True])
def test_r128_a_stop_sequence_ends_the_text_before_it(steered: Steered, stream: bool) -> None:
    response = steered.server.chat(stop=[" of"], stream=stream)
    answers = events(response) if stream else [response.json()]
    part = "delta" if stream else "message"
    parts = [choice[part] for answer in answers for choice in answer["choices"]]
    assert "".join(part.get("content") or "" for part in parts) == "The capital"


def test_r127_r128_limits_are_kept(steered: Steered) -> None:
    answer = steered.server.chat(max_tokens=40, ignore_eos=True).json()
    assert answer["choices"][0]["finish_reason"] == "length"


def test_r119_structured_output_follows_the_schema(steered: Steered) -> None:
    schema = {"type": "object", "properties": {"capital": {"enum": ["Oslo", "Paris"]}},
              "required": ["capital"], "additionalProperties": False}  # fmt: skip
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    content = steered.server.chat(response_format=wanted).json()["choices"][0]["message"]["content"]
    assert "capital" in content


def test_r133_completions_are_not_offered(steered: Steered) -> None:
    assert steered.server.complete().status_code == 404


def test_r84_media_is_a_400_that_says_why(steered: Steered) -> None:
    picture = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/cat.png"}}
    response = steered.server.chat(messages=[{"role": "user", "content": [picture]}])
    assert response.status_code == 400
    assert "text only" in response.text


def test_a_conversation_longer_than_the_context_is_a_400_that_says_why(steered: Steered) -> None:
    long = [{"role": "user", "content": "word " * 1200}]
    response = steered.server.chat(messages=long)
    assert response.status_code == 400
    assert "1024" in response.text


def test_the_official_client_works_unchanged(steered: Steered) -> None:
    client = openai.OpenAI(base_url=f"{steered.server.url}/v1", api_key="unused", timeout=120)
    messages: Any = FRANCE
    whole = client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=24, temperature=0
    )
    assert "Paris" in (whole.choices[0].message.content or "")


def test_r135_r142_an_adapter_is_a_model_of_its_own(
    steered: Steered, smollm2: Path, tmp_path: Path
) -> None:
    from tests.e2e.adapters import write_adapter

    place = write_adapter(tmp_path / "adapter", smollm2, 5)
    body = {"lora_name": "mine", "source": {"uri": f"file://{place}"}}
    loaded = httpx.post(f"{steered.status}/v1/loras", json=body, timeout=60)
    assert loaded.json()["status"] == "success", loaded.text
    assert _eventually_known(steered, "mine")
    base, own = (
        steered.server.chat(model=model).json()["choices"][0]["message"]["content"]
        for model in (MODEL, "mine")
    )
    assert base != own
    gone = httpx.delete(f"{steered.status}/v1/loras/mine", timeout=60)
    assert gone.json()["status"] == "success", gone.text
    assert steered.server.chat(model="mine").status_code in (400, 404)
    assert "Paris" in steered.server.chat().json()["choices"][0]["message"]["content"]


def _eventually_known(steered: Steered, model: str) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        models = httpx.get(f"{steered.server.url}/v1/models", timeout=10).json()["data"]
        if model in [each["id"] for each in models]:
            return True
        time.sleep(0.1)
    return False


def test_a_profile_of_the_engines_steps_is_written(steered: Steered) -> None:
    assert steered.engine("start_profile")["status"] == "success"
    assert steered.engine("start_profile")["status"] == "error"
    steered.server.chat(max_tokens=4)
    assert steered.engine("stop_profile")["status"] == "success"
    (trace,) = steered.traces.rglob("*.json.gz")  # of the engine's own process, and no other
    assert trace.stat().st_size


def test_r114_an_engine_without_sleep_mode_says_so_and_serves_on(steered: Steered) -> None:
    told = steered.engine("sleep")
    assert told["status"] == "error"
    assert "enable_sleep_mode" in told["message"]
    assert "Paris" in steered.server.chat().json()["choices"][0]["message"]["content"]


def test_r195_the_canary_of_text_mode_finds_the_worker_well(steered: Steered) -> None:
    time.sleep(4)
    health = httpx.get(f"{steered.status}/health", timeout=10)
    assert health.status_code == 200, health.text
