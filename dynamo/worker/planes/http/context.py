"""The context of one request that came over HTTP, as handlers know it from the runtime."""

import uuid
from collections.abc import Mapping

from dynamo.worker.planes.http.wire import REQUEST_ID_HEADER, TRACE_HEADERS

LONGEST_HEADER = 512
"""Characters of an id or a trace that are passed on; W3C asks for this many."""


class HttpContext:
    """Id, trace and cancellation."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._id = _plain(headers, REQUEST_ID_HEADER) or uuid.uuid4().hex
        found = {name: _plain(headers, name) for name in TRACE_HEADERS}
        self._trace = {name: value for name, value in found.items() if value}
        self._stopped = False

    def id(self) -> str:
        return self._id

    def stop_generating(self) -> None:
        """Tell the handler that nobody waits for the answer any more."""
        self._stopped = True

    def is_stopped(self) -> bool:
        return self._stopped

    def is_killed(self) -> bool:
        return self._stopped

    @property
    def trace_id(self) -> str | None:
        return self._trace_part(1)

    @property
    def parent_span_id(self) -> str | None:
        return self._trace_part(2)

    def trace_headers(self) -> dict[str, str] | None:
        """Return the W3C headers for the engine; None when the request carries no trace."""
        return {**self._trace, REQUEST_ID_HEADER.lower(): self._id} if self._trace else None

    def _trace_part(self, index: int) -> str | None:
        parts = self._trace.get("traceparent", "").split("-")
        return parts[index] if len(parts) == 4 else None


def _plain(headers: Mapping[str, str], name: str) -> str:
    """Return a header that can be passed on anywhere; empty for one that is missing or strange."""
    value = headers.get(name, "")
    is_plain = value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER
    return value if is_plain else ""
