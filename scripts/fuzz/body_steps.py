"""Mutations of a body's bytes: JSON that is broken, or unusual."""

import json
from random import Random

from scripts.fuzz import strange
from scripts.fuzz.request import Request

HUGE_BYTES = 1_200_000
"""More than the workers here take."""
DEEP_BYTES = 50_000


def flip(request: Request, chance: Random) -> None:
    """Change some bytes."""
    body = bytearray(request.content())
    for _ in range(chance.randint(1, 4) if body else 0):
        body[chance.randrange(len(body))] = chance.randrange(256)
    request.body = bytes(body)


def cut_out(request: Request, chance: Random) -> None:
    """Leave out a piece, perhaps the end."""
    body = request.content()
    begin, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    request.body = body[:begin] + (body[end:] if chance.random() < 0.5 else b"")


def insert(request: Request, chance: Random) -> None:
    """Put bytes somewhere that are no text."""
    body = request.content()
    place = chance.randrange(len(body) + 1)
    pieces = (b"\x00", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"}", b"]", b'"', b"//", b"\x1b")
    request.body = body[:place] + chance.choice(pieces) + body[place:]


def repeat_key(request: Request, chance: Random) -> None:
    """Say a key twice, with another value."""
    body, value = request.content(), request.value
    if isinstance(value, dict) and value and body.startswith(b"{"):
        key = json.dumps(chance.choice(list(value)))
        again = f"{key}: {json.dumps(strange.value(chance))}, ".encode()
        request.body = b"{" + again + body[1:]


def recode(request: Request, chance: Random) -> None:
    """Write it in another encoding, or with a byte order mark."""
    text = request.content().decode(errors="replace")
    request.body = text.encode(chance.choice(("utf-16", "utf-8-sig", "utf-32", "cp037")), "replace")


def append(request: Request, chance: Random) -> None:
    """Say more after the end."""
    body = request.content()
    request.body = body + chance.choice((b"{}", b"\x00" * 9, b"garbage", body, b"\n\n" * 50))


def empty(request: Request, chance: Random) -> None:
    """Say nothing."""
    request.body = chance.choice((b"", b" ", b"\n", b"null"))


def nest(request: Request, chance: Random) -> None:
    """Open more brackets than any parser follows."""
    request.body = chance.choice((b"[", b'{"a":')) * DEEP_BYTES


def huge(request: Request, chance: Random) -> None:
    """Say more than the worker takes."""
    filler = chance.choice((b" ", b"0", b"\x00"))
    request.body = request.content() + filler * HUGE_BYTES


STEPS = (flip, cut_out, insert, repeat_key, recode, append, empty)
RARE_STEPS = (nest, huge)
