"""What a worker's registration does at the frontend: templates, endpoints, traces, canaries."""

import json
import time
from pathlib import Path

import httpx
import pytest

from tests.worker.processes import MODEL, StartWorker, Worker, low_free_port

pytestmark = pytest.mark.e2e
TRACE = "0af7651916cd43dd8448eb211c80319c"


def chat(worker: Worker, **headers: str) -> httpx.Response:
    question = {
        "model": MODEL, "messages": [{"role": "user", "content": "w1 w2"}], "max_tokens": 4,
    }  # fmt: skip
    url = f"{worker.url}/v1/chat/completions"
    return httpx.post(url, json=question, headers=headers, timeout=30)


def test_r30_a_template_of_ones_own_replaces_the_models(
    start_worker: StartWorker, tmp_path: Path
) -> None:
    template = tmp_path / "chat.jinja"
    template.write_text("{% for m in messages %}w7 w8 w9 {{ m.content }} {% endfor %}")
    worker = start_worker(f"runtime.custom_jinja_template={template}")
    assert chat(worker).json()["usage"]["prompt_tokens"] == 5


@pytest.mark.parametrize(
    ("types", "chat_status", "completions_status"),
    [("chat", 200, 404), ("completions", 404, 200), ("chat,completions", 200, 200)],
)
def test_r32_only_the_chosen_endpoints_are_offered(
    start_worker: StartWorker, types: str, chat_status: int, completions_status: int
) -> None:
    worker = start_worker(f"runtime.endpoint_types=[{types}]")
    assert chat(worker).status_code == chat_status
    assert worker.complete().status_code == completions_status


def test_a_trace_of_the_client_goes_through_to_the_workers_log(start_worker: StartWorker) -> None:
    worker = start_worker("logs.console_format=jsonl", "logs.level=info")
    assert chat(worker, traceparent=f"00-{TRACE}-b7ad6b7169203331-01").status_code == 200
    worker.stop()
    lines = [line for line in worker.log.read_text().splitlines() if line.startswith("{")]
    logged = [json.loads(line) for line in lines]
    spans = {line.get("span_name") for line in logged if line.get("trace_id") == TRACE}
    assert {"http-request", "handle_payload"} <= spans


@pytest.mark.parametrize(("token", "status"), [(1, 200), (10**6, 503)])
def test_r195_a_canary_can_stand_in_a_file(
    start_worker: StartWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: int,
    status: int,
) -> None:
    canary = {"token_ids": [token], "stop_conditions": {"max_tokens": 1}, "_HEALTH_CHECK": True}
    (tmp_path / "canary.json").write_text(json.dumps(canary))
    monkeypatch.setenv("DYN_HEALTH_CHECK_PAYLOAD", f"@{tmp_path / 'canary.json'}")
    port = low_free_port()
    start_worker(
        f"runtime.system_port={port}",
        "health.canary_enabled=true",
        "health.canary_wait_seconds=1",
        "runtime.system_starting_health_status=" + ("notready" if status == 200 else "ready"),
    )
    deadline, seen = time.monotonic() + 15, 0
    while seen != status and time.monotonic() < deadline:
        time.sleep(0.2)
        seen = httpx.get(f"http://127.0.0.1:{port}/health").status_code
    assert seen == status
