"""Whether an answer is one that a client may get, whatever it sent."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.fuzz.raw_http import Answer
from scripts.fuzz.request import Request

ROOT = Path(__file__).resolve().parents[2]
INTERNAL = (
    "Traceback (most recent",
    'File "',
    "site-packages",
    "dynamo/worker",
    str(ROOT),
    sys.prefix,
)
"""Nothing that a client should read: where the program is, and how it is made."""
UNEXPECTED = "Unknown"
"""The type of a failure that the worker did not foresee."""
EVENT, ERROR_EVENT = "data: ", "event: error\ndata: "


@dataclass(frozen=True)
class Finding:
    """Something that no client should see."""

    kind: str
    """What it is in a few words, the same for the same cause."""
    detail: str = ""
    ours: bool = True
    """Whether this project answered, and not the runtime's own frontend or status server."""


def of_worker(request: Request, answer: Answer) -> Finding | None:
    """Judge what one of the project's own listeners answered."""
    text = answer.body.decode(errors="replace")
    if answer.status == 0:
        return Finding(answer.problem)
    if found := _leak(text):
        return found
    if answer.status == 200:
        if request.method == b"HEAD":
            return None
        return None if _is_good(answer, text) else Finding("a 200 that is no JSON", text[:300])
    if not 400 <= answer.status < 600:
        return Finding(f"status {answer.status}", text[:300])
    if request.method == b"HEAD":
        return None
    return _untyped(answer.status, text)


def of_runtime(request: Request, answer: Answer) -> Finding | None:
    """Judge what came back over the runtime: a failure is typed by its exception."""
    text = answer.body.decode(errors="replace")
    if found := _leak(text):
        return found
    if b"MessagePack value" in answer.body:
        return Finding("a number beyond 64 bits is not carried", text[:300], ours=False)
    if answer.status >= 400 and not text.strip():
        return Finding(f"{answer.content_type} without a message")
    if answer.status in (0, 500):
        return Finding(f"{answer.content_type}: {answer.problem}".rstrip(": "), text[:300])
    return None


def of_wheel(request: Request, answer: Answer) -> Finding | None:
    """Judge the runtime's own HTTP servers, which are no code of this project."""
    text = answer.body.decode(errors="replace")
    if found := _leak(text):
        return found
    if answer.status == 0:
        # Whoever did not answer, it may be the worker behind.
        return Finding(f"no answer: {answer.problem}", ours="no answer" in answer.problem)
    if answer.status >= 500:
        return Finding(f"status {answer.status}", text[:300], ours=False)
    if answer.status >= 400 and request.method != b"HEAD" and not _says_what(text):
        return Finding(f"an untyped {answer.status}", text[:300], ours=False)
    return None


def _leak(text: str) -> Finding | None:
    told = text.replace('\\"', '"')  # as it was before it became JSON
    found = next((each for each in INTERNAL if each in told), None)
    return Finding(f"tells {found!r}", text[:300]) if found else None


def _is_good(answer: Answer, text: str) -> bool:
    if "event-stream" in answer.content_type:
        return all(_is_event(event) for event in text.split("\n\n")[:-1])
    return isinstance(_json(text), dict)


def _is_event(event: str) -> bool:
    if event.startswith(ERROR_EVENT):
        return _untyped(500, event.removeprefix(ERROR_EVENT)) is None
    return event.startswith(EVENT) and isinstance(_json(event.removeprefix(EVENT)), dict)


def _untyped(status: int, text: str) -> Finding | None:
    match _json(text):
        case {"error": {"type": str(kind), "message": str(message)}} if kind and message:
            if kind == UNEXPECTED:
                return Finding(f"an unforeseen {status}", text[:300])
            return None
    return Finding(f"an untyped {status}", text[:300])


def _says_what(text: str) -> bool:
    content = _json(text)
    return isinstance(content, dict) and bool(content.get("message") or content.get("error"))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
