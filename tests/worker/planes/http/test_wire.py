"""Events of an answer, however the network cuts them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.worker.planes.http.wire import EventReader, decode, encode, error_event, message_event

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.booleans(), VALUES), max_size=6), st.integers(1, 40))
def test_events_arrive_whole_and_in_order(events: list[tuple[bool, Any]], size: int) -> None:
    body = b"".join(error_event(v) if bad else message_event(v) for bad, v in events)
    reader = EventReader()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == events


def test_a_message_larger_than_any_buffer_is_read() -> None:
    message = {"token_ids": list(range(200_000))}
    assert list(EventReader().feed(message_event(message))) == [(False, message)]


def test_an_impossible_token_keeps_its_log_probability() -> None:
    ((_, message),) = EventReader().feed(message_event({"log_probs": [-math.inf]}))
    assert message == {"log_probs": [-math.inf]}


def test_what_is_no_json_is_said_so() -> None:
    with pytest.raises(TypeError, match="serialize"):
        encode({"handle": object()})
    with pytest.raises(ValueError, match="EOF"):
        decode(b'{"token_ids": [1,')
