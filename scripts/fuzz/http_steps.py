"""Mutations of HTTP itself: request line, headers, framing, and senders that leave."""

import gzip
from functools import cache
from random import Random

from scripts.fuzz.request import Header, Request

METHODS = (b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"PATCH", b"post", b"P\x00ST",
           b"", b"CONNECT", b"A" * 9_000, b"\xff\xfe", b"PRI")  # fmt: skip
VERSIONS = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"HTP/1.1", b"", b"\x00")
ENDINGS = (b"/", b"/more", b"?a=1", b"?\xff", b"#part", b"%00", b"%zz", b"%ff", b"/../..",
           b"\xc3\xa9", b" x", b"." + b"a" * 9_000, b"//")  # fmt: skip
PATHS = (b"*", b"/", b"//", b"", b"/nobody", b"http://127.0.0.1/", b"/%2e%2e/%2e%2e/etc/passwd",
         b"/v1/rpc/", b"/v1/rpc/a.b.c", b"127.0.0.1:80", b"/\x00")  # fmt: skip
HEADERS: tuple[Header, ...] = (
    (b"Content-Type", b"text/plain"), (b"Content-Type", b"\xff"), (b"Content-Type", b""),
    (b"Content-Type", b"multipart/form-data; boundary=" + b"x" * 400),
    (b"Content-Type", b"application/json; charset=nonsense"), (b"Accept", b"text/html"),
    (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"nonsense"),
    (b"Content-Encoding", b"br"),
    (b"X-Request-Id", b"\xff\xfe"), (b"X-Request-Id", b"a" * 6_000), (b"X-Request-Id", b"a\tb"),
    (b"X-Request-Id", b"same"), (b"X-Request-Id", "é".encode()),
    (b"traceparent", b"nonsense"), (b"traceparent", b"00-" + b"f" * 32 + b"-" + b"0" * 16 + b"-zz"),
    (b"traceparent", b"\xff"), (b"tracestate", b"=" * 2_000), (b"tracestate", b"\xff=1"),
    (b"Authorization", b"Bearer \xff"), (b"Authorization", b"Basic Og=="), (b"Authorization", b""),
    (b"Expect", b"100-continue"), (b"Expect", b"nonsense"), (b"Expect", b"\xff"),
    (b"Upgrade", b"websocket"), (b"Connection", b"upgrade"), (b"Connection", b"\xff"),
    (b"Host", b""), (b"Host", b"a b"), (b"Host", b"\xff"), (b"Cookie", b"a=b; " * 500),
    (b"X", b"a" * 9_000), (b"X", b"a\x00b"), (b"X", b"a\r\n folded"), (b"a b", b"c"), (b"", b"c"),
    (b"\xc3\xa9", b"c"), (b"X:", b":"), (b"Range", b"bytes=5-1"), (b"Keep-Alive", b"timeout=-1"),
)  # fmt: skip
ENCODINGS = (b"gzip", b"deflate", b"gzip, gzip")
LENGTHS = (b"-1", b"0x10", b"+5", b"nonsense", b"", b"1e3", b"9" * 30, b"\xff", b"5, 5")


def method(request: Request, chance: Random) -> None:
    """Ask in another way."""
    request.method = chance.choice(METHODS)


def version(request: Request, chance: Random) -> None:
    """Speak another HTTP."""
    request.version = chance.choice(VERSIONS)


def path(request: Request, chance: Random) -> None:
    """Ask somewhere else."""
    if chance.random() < 0.7:
        request.path += chance.choice(ENDINGS)
    else:
        request.path = chance.choice(PATHS)


def header(request: Request, chance: Random) -> None:
    """Add a header, or put it in the place of another one of that name."""
    new = chance.choice(HEADERS)
    if chance.random() < 0.7:
        request.headers = [each for each in request.headers if each[0] != new[0]]
    request.headers.append(new)


def lose_header(request: Request, chance: Random) -> None:
    """Leave out a header."""
    if request.headers:
        del request.headers[chance.randrange(len(request.headers))]


def many_headers(request: Request, chance: Random) -> None:
    """Add headers without end."""
    count = chance.choice((50, 500, 5_000))
    request.headers += [(b"X-%d" % number, b"1") for number in range(count)]


def length(request: Request, chance: Random) -> None:
    """Lie about the length of the body."""
    if chance.random() < 0.3:
        told = len(request.content())
        request.headers += [(b"Content-Length", b"%d" % told), (b"Content-Length", b"%d" % told)]
    elif chance.random() < 0.4:
        request.headers.append((b"Content-Length", chance.choice(LENGTHS)))
    elif content := request.content():
        request.headers.append((b"Content-Length", b"%d" % chance.randrange(len(content))))


def promise_more(request: Request, chance: Random) -> None:
    """Tell a length that never comes."""
    told = len(request.content()) + chance.choice((1, 100, 10**6, 10**12))
    request.headers.append((b"Content-Length", b"%d" % told))
    request.leaves = True


def chunked(request: Request, chance: Random) -> None:
    """Send the body in chunks, rightly or wrongly."""
    content = request.content()
    half = len(content) // 2
    pieces = (content[:half], content[half:], b"")
    good = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    bodies = (
        good, content, b"zz\r\n", b"-1\r\na\r\n", b"f" * 20 + b"\r\na", good[:-5] + b"\r\r\n\n",
        b"5;" + b"x" * 9_000 + b"\r\n", good.replace(b"\r\n", b"\n"),
    )  # fmt: skip
    request.body = chance.choice(bodies)
    request.headers.append((b"Transfer-Encoding", chance.choice((b"chunked", b"chunked", b"x"))))
    if chance.random() < 0.2:
        request.headers.append((b"Content-Length", b"3"))


@cache
def bomb() -> bytes:
    """Return a small body that is larger than a worker takes when it is uncompressed."""
    return gzip.compress(b" " * 8_000_000, mtime=0)


def compressed(request: Request, chance: Random) -> None:
    """Compress the body, or say so only; now and then it grows beyond what the worker takes."""
    content = request.content()
    small = gzip.compress(content, mtime=0)  # the time would make every request another one
    bodies = (small, content, small[:-6], bomb())
    request.body = chance.choice(bodies)
    request.headers.append(
        (b"Content-Encoding", chance.choice((b"gzip", b"deflate", b"gzip, gzip")))
    )


def cut_off(request: Request, chance: Random) -> None:
    """Leave in the middle of the request."""
    request.sent = chance.random() * 0.999


def leave(request: Request, chance: Random) -> None:
    """Leave before the answer is complete."""
    request.leaves = True


STEPS = (method, path, header, header, header, length, chunked, compressed)
RARE_STEPS = (version, lose_header, many_headers, promise_more, cut_off, leave)
