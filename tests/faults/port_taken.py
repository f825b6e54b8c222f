"""Ports that another process has, before the start and while the engine loads."""

import socket
import time

from dynamo.worker.preflight.ports import free_port
from tests.faults.load import load
from tests.faults.outcome import Outcome, seen_text
from tests.faults.refusal import refusal
from tests.faults.stage import CLIENTS, STEADY, Stage

LOCALHOST = "127.0.0.1"


def ports_taken(stage: Stage) -> Outcome:
    """Another worker wants the ports of a frontend and of a worker on the http plane that serve."""
    plane = ("request_plane=http", f"request_plane.http_host={LOCALHOST}", "store=file")
    http_port = f"request_plane.http_port={free_port(LOCALHOST)}"
    fleet = stage.fleet(*plane)
    fleet.worker(http_port, decode_step_seconds=0.01)
    fleet.frontend()
    fleet.wait_until_listed()
    frontend_port = f"frontend.port={fleet.url.rsplit(':', 1)[1]}"
    with load(fleet.url, CLIENTS) as running:
        running.wait_for_answers(STEADY, 0.0)
        store = f"store.path={stage.directory / 'store'}"
        refused = refusal(stage, http_port, frontend_port, store, *plane)
        running.wait_for_answers(STEADY, time.monotonic())
    assert refused.status == 2, refused.text
    for wanted in (http_port, frontend_port):
        assert wanted.replace("=", " = ") in refused.text
    assert refused.text.count("held by python") == 2
    return Outcome(
        f"{seen_text(running.seen())}; the newcomer: status 2 after {refused.seconds:.1f} s, "
        "names both settings and who holds the ports",
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
