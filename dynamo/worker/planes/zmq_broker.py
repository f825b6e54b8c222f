"""A broker for zmq events that stays inside one process.

Without a broker the native runtime listens for events on every address of the machine, whatever
`event_plane.host` says. Where all meet in one process anyway, a broker on loopback keeps them in.
"""

import os
import threading
from contextlib import suppress

import zmq

from dynamo.config.plan import LaunchPlan

URL, ENABLED, HOST = "DYN_ZMQ_BROKER_URL", "DYN_ZMQ_BROKER_ENABLED", "DYN_EVENT_PLANE_HOST"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVENTS_KEPT = 100_000
"""For a subscriber that is slow, as many as the runtime's own subscribers keep."""


def is_needed(plan: LaunchPlan) -> bool:
    """Whether events are zmq's, may not leave the machine, and concern this process alone."""
    runtime = plan.runtime
    chosen = URL in runtime.environment or ENABLED in runtime.environment
    local = runtime.environment.get(HOST) in LOOPBACK
    return runtime.event_plane == "zmq" and runtime.store == "mem" and local and not chosen


def start_broker() -> str:
    """Pass events on until the process ends; returns the address as the runtime takes it."""
    context = zmq.Context()
    incoming, outgoing = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    ports = []
    for each in (incoming, outgoing):
        each.set_hwm(EVENTS_KEPT)
        ports.append(each.bind_to_random_port("tcp://127.0.0.1"))
    thread = threading.Thread(
        target=_pass_on, args=(incoming, outgoing), name="zmq-broker", daemon=True
    )
    thread.start()
    return f"xsub=tcp://127.0.0.1:{ports[0]} , xpub=tcp://127.0.0.1:{ports[1]}"


def _pass_on(incoming: "zmq.Socket[bytes]", outgoing: "zmq.Socket[bytes]") -> None:
    with suppress(zmq.ContextTerminated):
        zmq.proxy(incoming, outgoing)


def keep_events_inside(plan: LaunchPlan) -> None:
    """Start a broker if the plan needs one, and tell the runtime, which is built afterwards."""
    if is_needed(plan):
        os.environ[URL] = start_broker()
