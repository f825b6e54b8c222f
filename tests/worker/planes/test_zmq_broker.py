"""Events of a process that is alone do not leave it."""

from dataclasses import replace

import pytest
import zmq

from dynamo.config.plan import RuntimePlan
from dynamo.worker.planes.zmq_broker import is_needed, start_broker
from tests.worker.preflight.test_preflight import plan

LOCAL = {"DYN_EVENT_PLANE_HOST": "127.0.0.1"}


@pytest.mark.parametrize(
    ("runtime", "needed"),
    [
        (RuntimePlan("mem", "tcp", "zmq", LOCAL), True),
        (RuntimePlan("mem", "tcp", "nats", LOCAL), False),
        (RuntimePlan("file", "tcp", "zmq", LOCAL), False),
        (RuntimePlan("mem", "tcp", "zmq", {}), False),
        (RuntimePlan("mem", "tcp", "zmq", {"DYN_EVENT_PLANE_HOST": "10.0.0.1"}), False),
        (
            RuntimePlan("mem", "tcp", "zmq", {**LOCAL, "DYN_ZMQ_BROKER_URL": "xsub=a , xpub=b"}),
            False,
        ),
        (RuntimePlan("mem", "tcp", "zmq", {**LOCAL, "DYN_ZMQ_BROKER_ENABLED": "true"}), False),
    ],
)
def test_a_broker_is_started_only_where_everything_is_in_one_process(
    runtime: RuntimePlan, needed: bool
) -> None:
    assert is_needed(replace(plan(), runtime=runtime)) is needed


def test_an_event_reaches_a_subscriber_through_loopback() -> None:
    inlet, outlet = (side.partition("=")[2] for side in start_broker().split(" , "))
    assert inlet.startswith("tcp://127.0.0.1:")
    with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
        subscriber.connect(outlet)
        subscriber.subscribe(b"kv")
        with context.socket(zmq.PUB) as publisher:
            publisher.connect(inlet)
            received: list[bytes] = []
            while not received:
                publisher.send_multipart([b"kv", b"stored"])
                if subscriber.poll(10):
                    received = subscriber.recv_multipart()
    assert received == [b"kv", b"stored"]
