"""What travels over the http request plane: JSON requests, answered by server-sent events.

A message of the handler is an event of the default type, a failure after the first message is an
event of the type `error`. An answer is complete when the HTTP body is.
"""

from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

CONTENT_TYPE = "text/event-stream"
REQUEST_ID_HEADER = "X-Request-Id"
TRACE_HEADERS = ("traceparent", "tracestate")
"""W3C trace context: passed on from router to engine."""

_DATA, _ERROR, _END = b"data: ", b"event: error\ndata: ", b"\n\n"


def encode(value: Any) -> bytes:
    """Write a request or a message.

    Raises:
        TypeError: the value has no JSON form.
    """
    try:
        return to_json(value)
    except PydanticSerializationError as error:
        raise TypeError(str(error)) from error


def decode(data: bytes | bytearray) -> Any:
    """Read a request or a message.

    Raises:
        ValueError: the data is no JSON.
    """
    return from_json(data)


def message_event(message: Any) -> bytes:
    """Return one message of an answer as an event."""
    return _DATA + encode(message) + _END


def error_event(error: Any) -> bytes:
    """Return a failure as an event."""
    return _ERROR + encode(error) + _END


class EventReader:
    """Cuts the body of an answer into events, however it was cut into packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[bool, Any]]:
        """Yield (is an error, content) for every event that is complete now."""
        *events, self._rest = (self._rest + data).split(_END)
        for event in events:
            if event.startswith(_DATA):
                yield False, from_json(event[len(_DATA) :])
            elif event.startswith(_ERROR):
                yield True, from_json(event[len(_ERROR) :])
