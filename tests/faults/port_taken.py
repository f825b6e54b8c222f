"""Ports that another process has, before the start and while the engine loads."""

import socket
import time

from dynamo.worker.preflight.ports import free_port
from tests.faults.load import load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.refusal import refusal
from tests.faults.stage import CLIENTS, STEADY, Stage

LOCALHOST = "127.0.0.1"


def frontend_port_taken(stage: Stage) -> Outcome:
    """Another worker wants the port of a frontend that serves."""
    fleet, _ = stage.pair("store=file")
    port = fleet.url.rsplit(":", 1)[1]
    return _wanted(stage, fleet.url, f"frontend.port={port}")


def http_port_taken(stage: Stage) -> Outcome:
    """Another worker wants the port of a worker on the http plane that serves."""
    port = free_port(LOCALHOST)
    plane = ("request_plane=http", f"request_plane.http_host={LOCALHOST}")
    wanted = f"request_plane.http_port={port}"
    fleet = stage.fleet("store=file", *plane)
    fleet.worker(wanted, decode_step_seconds=0.01)
    fleet.frontend()
    fleet.wait_until_listed()
    return _wanted(stage, fleet.url, wanted, *plane, "frontend=none")


def _wanted(stage: Stage, url: str, *overrides: str) -> Outcome:
    store = stage.directory / "store"
    with load(url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        refused = refusal(stage, "store=file", f"store.path={store}", *overrides)
        running.wait_for_answers(STEADY, time.monotonic())
    path, _, port = overrides[0].partition("=")
    assert refused.status == 2, refused.text
    assert f"{path} = {port}" in refused.text
    assert "held by python" in refused.text
    return Outcome(
        f"{seen_text(running.seen())}; the newcomer: status 2 after {refused.seconds:.1f} s, "
        f"names {path} and who holds it",
        running.lost(),
    )


def port_taken_meanwhile(stage: Stage) -> Outcome:
    """Somebody takes the frontend's port after it was looked at, while the engine loads."""
    port = free_port(LOCALHOST)
    fleet = stage.fleet("store=file")
    worker = fleet.worker(
        "frontend=embedded", f"frontend.port={port}", ready=False, startup_seconds=2
    )
    worker.wait_for("starting mocker")
    with socket.create_server((LOCALHOST, port)):
        status = worker.process.wait(60)
    text = worker.log.read_text()
    assert status == 1, text
    assert "Traceback" not in text, text
    assert str(port) in text
    return Outcome("no client yet: status 1, names the port", 0)
