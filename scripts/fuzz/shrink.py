"""Make a request that shows a finding as small as it gets, and write it down for others."""

import asyncio
import json
import shlex
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from scripts.fuzz.channels import Channel
from scripts.fuzz.raw_http import WAITS
from scripts.fuzz.recipe import Recipe, build
from scripts.fuzz.request import Request
from scripts.fuzz.verdict import Finding

MOST_TRIES = 60
LONGEST = 2_000
"""Characters of a request that are printed whole."""


async def shrunk(channel: Channel, made_by: Recipe, finding: Finding) -> str:
    """Return the smallest request that still shows the finding, ready to be sent again."""
    for step in made_by.steps:
        fewer = replace(made_by, steps=tuple(each for each in made_by.steps if each != step))
        if await _shows(channel, build(fewer, channel.samples, channel.kinds), finding):
            made_by = fewer
    request = build(made_by, channel.samples, channel.kinds)
    request = await _with_less(channel, request, finding)
    steps = ",".join(map(str, made_by.steps))
    return f"{made_by.origin} steps {steps}: {written(channel, request)}"


async def _with_less(channel: Channel, request: Request, finding: Finding) -> Request:
    """Leave out whatever of its value is not needed."""
    if request.body is not None or not isinstance(request.value, dict):
        return request
    tries = 0
    for path in list(_paths(request.value)):
        smaller = deepcopy(request)
        tries += 1
        if tries > MOST_TRIES or not _remove(smaller.value, path):
            continue
        if await _shows(channel, smaller, finding):
            request = smaller
    return request


async def _shows(channel: Channel, request: Request, finding: Finding) -> bool:
    try:
        answer = await channel.send(request)
    except OSError:
        return False
    if finding.kind.startswith("logged"):
        await asyncio.sleep(0.02)
        return any(each.kind == finding.kind for each in channel.patient.logged())
    if answer is None or answer.problem == WAITS:
        return False
    found = channel.judge(request, answer)
    return found is not None and found.kind == finding.kind


def _paths(value: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items():
        yield (key,)
        if isinstance(inner, dict):
            yield from ((key, each) for each in inner)


def _remove(value: Any, path: tuple[str, ...]) -> bool:
    for key in path[:-1]:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return isinstance(value, dict) and value.pop(path[-1], path) is not path


def written(channel: Channel, request: Request) -> str:
    """Return a request as a command, or as JSON where only the runtime carries it."""
    if not channel.url.startswith("http"):
        return f"{channel.url} <- {_short(json.dumps(request.value))}"
    if request.version == b"HTTP/1.1" and request.expects_answer and _is_plain(request):
        return _short(_curl(channel, request))
    port = channel.url.rpartition(":")[2]
    octal = "".join(
        chr(b) if 32 < b < 127 and b not in b"\\'%" else f"\\{b:03o}" for b in request.wire()
    )
    return f"printf '{_short(octal)}' | nc 127.0.0.1 {port}"


def _is_plain(request: Request) -> bool:
    parts = [
        request.method,
        request.path,
        request.content(),
        *(h for p in request.headers for h in p),
    ]
    return all(part.isascii() and b"\x00" not in part for part in parts) and bool(request.method)


def _curl(channel: Channel, request: Request) -> str:
    url = shlex.quote(channel.url + request.path.decode())
    headers = [f"-H {shlex.quote(f'{n.decode()}: {v.decode()}')}" for n, v in request.headers[1:]]
    content = request.content().decode()
    body = [f"--data-binary {shlex.quote(content)}"] if content else []
    method = shlex.quote(request.method.decode())
    return " ".join([f"curl --path-as-is -X {method} {url}", *headers, *body])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text)} characters)"
