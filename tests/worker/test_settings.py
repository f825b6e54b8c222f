"""Settings of the network, logs, status server and router do what they say in a real worker."""

import json
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.worker.processes import StartWorker, low_free_port

pytestmark = pytest.mark.e2e


def test_r173_the_status_server_is_where_the_settings_put_it(start_worker: StartWorker) -> None:
    port = low_free_port()
    start_worker(
        f"runtime.system_port={port}",
        "runtime.system_health_path=/ready",
        "runtime.system_live_path=/alive",
        "runtime.system_starting_health_status=ready",
    )
    for path in ("/ready", "/alive"):
        assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 404


@pytest.mark.parametrize(("token", "status"), [(1, 200), (10**6, 503)])
def test_r195_a_canary_of_ones_own_decides_about_readiness(
    start_worker: StartWorker, token: int, status: int
) -> None:
    port = low_free_port()
    start_worker(
        f"runtime.system_port={port}",
        "health.canary_enabled=true",
        "health.canary_wait_seconds=1",
        f'health.canary_payload={{"token_ids":[{token}],"stop_conditions":{{"max_tokens":1}},'
        '"sampling_options":{},"_HEALTH_CHECK":true}',
    )
    deadline = time.monotonic() + 15
    seen = 0
    while seen != status and time.monotonic() < deadline:
        time.sleep(0.5)
        seen = httpx.get(f"http://127.0.0.1:{port}/health").status_code
    time.sleep(2.5)
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == status


def test_logs_are_json_lines_of_the_chosen_level(start_worker: StartWorker) -> None:
    worker = start_worker("logs.console_format=jsonl", "logs.level=debug")
    levels = set()
    for line in worker.log.read_text().splitlines():
        if line.startswith("{"):
            levels.add(json.loads(line)["level"])
    assert "DEBUG" in levels
    quiet = start_worker("logs.level=warning")
    assert " INFO " not in quiet.log.read_text()


def test_r1_a_variable_overruled_on_the_command_line_does_not_reach_the_runtime(
    start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYN_TCP_TLS_CERT_PATH", "/no/such/file")
    worker = start_worker("request_plane.tls_cert_path=null")
    assert worker.complete().status_code == 200


def test_kv_routing_takes_its_settings(start_worker: StartWorker) -> None:
    worker = start_worker(
        "frontend.router_mode=KV",
        "router.temperature=0.5",
        "router.use_kv_events=false",
        "router.approximate_cache_policy=lru",
        "router.active_decode_blocks_threshold=1",
    )
    assert worker.complete().status_code == 200


@pytest.mark.parametrize("mode", ["random", "power-of-two", "least-loaded"])
def test_every_way_of_routing_answers(start_worker: StartWorker, mode: str) -> None:
    assert start_worker(f"frontend.router_mode={mode}").complete().status_code == 200


def test_tokens_travel_over_quic(start_worker: StartWorker) -> None:
    worker = start_worker(
        "request_plane.response_plane=quic", "request_plane.quic_batch_interval_us=0"
    )
    assert worker.complete(max_tokens=64).json()["usage"]["completion_tokens"] == 64


def test_requests_travel_over_mutual_tls(start_worker: StartWorker, tmp_path: Path) -> None:
    files = certificates(tmp_path)
    worker = start_worker(
        f"request_plane.tls_cert_path={files['leaf.pem']}",
        f"request_plane.tls_key_path={files['leaf.key']}",
        f"request_plane.tls_ca_cert_path={files['ca.pem']}",
        f"request_plane.tls_client_ca_cert_path={files['ca.pem']}",
        f"request_plane.tls_client_cert_path={files['leaf.pem']}",
        f"request_plane.tls_client_key_path={files['leaf.key']}",
    )
    assert worker.complete().status_code == 200


def certificates(directory: Path) -> dict[str, Path]:
    """Make an authority and a certificate for 127.0.0.1, signed by it."""
    names = ("ca.pem", "ca.key", "leaf.csr", "leaf.key", "leaf.pem", "extensions")
    files = {name: directory / name for name in names}
    files["extensions"].write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
    commands = (
        [*new, "-x509", "-out", files["ca.pem"], "-keyout", files["ca.key"]],
        [*new, "-out", files["leaf.csr"], "-keyout", files["leaf.key"]],
        ["openssl", "x509", "-req", "-CAcreateserial", "-in", files["leaf.csr"],
         "-CA", files["ca.pem"], "-CAkey", files["ca.key"], "-out", files["leaf.pem"],
         "-extfile", files["extensions"]],
    )  # fmt: skip
    for command in commands:
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return files


@pytest.mark.parametrize(("limit", "status"), [(400, 400), (4000, 200)])
def test_a_request_larger_than_the_limit_is_refused(
    start_worker: StartWorker, limit: int, status: int
) -> None:
    worker = start_worker(f"request_plane.tcp_max_message_bytes={limit}")
    assert worker.complete(prompt=" ".join(["w1"] * 240)).status_code == status
