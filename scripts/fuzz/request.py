"""One request on its way to being sent: what mutations change, and the bytes that come of it."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import h11

Framing = Literal["whole", "partial", "broken"]
Header = tuple[bytes, bytes]
FRAMING = (b"content-length", b"transfer-encoding")
JSON: Header = (b"Content-Type", b"application/json")


@dataclass
class Request:
    """A request over HTTP; over the runtime only its value is sent."""

    value: Any = None
    """What its body says; not sent when `body` is set."""
    method: bytes = b"POST"
    path: bytes = b"/"
    version: bytes = b"HTTP/1.1"
    headers: list[Header] = field(default_factory=lambda: [(b"Host", b"127.0.0.1"), JSON])
    body: bytes | None = None
    sent: float = 1.0
    """Part of its bytes after which the sender is gone."""
    leaves: bool = False
    """The sender is gone before it has read the whole answer."""

    @property
    def expects_answer(self) -> bool:
        """Whether the sender stays."""
        return self.sent == 1.0 and not self.leaves

    def content(self) -> bytes:
        """Return the body."""
        if self.body is not None:
            return self.body
        return b"" if self.value is None else json.dumps(self.value).encode()

    def framing(self) -> Framing:
        """Return whether a server has all that it was promised, as far as that can be read."""
        server = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        server.receive_data(self.wire())
        try:
            while (event := server.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.EndOfMessage) or event is h11.PAUSED:
                    return "whole"
        except h11.RemoteProtocolError:
            return "broken"
        return "partial"

    def wire(self) -> bytes:
        """Return all bytes; the length is told unless a mutation says how the body is framed."""
        content, headers = self.content(), list(self.headers)
        if not any(name.lower() in FRAMING for name, _ in headers):
            headers.append((b"Content-Length", str(len(content)).encode()))
        lines = [b" ".join((self.method, self.path, self.version))]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", content])
