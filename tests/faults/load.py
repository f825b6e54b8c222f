"""Clients that stream completions all the time, and what each of them saw."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.worker.processes import MODEL

PAUSE_AFTER_ERROR = 0.05


@dataclass(frozen=True)
class Answer:
    """One request as its client saw it."""

    begun: float
    """time.monotonic()"""
    ended: float
    saw: str
    """`ok`, a status such as `503`, `no connection`, or `cut off` after a 200."""

    @property
    def lost(self) -> bool:
        """Whether it was accepted and then not answered in full."""
        return self.saw == "cut off"


@dataclass
class Load:
    """Answers so far; more come while the load runs."""

    url: str
    tokens: int = 20
    answers: list[Answer] = field(default_factory=list)

    def seen(self, since: float = 0.0) -> Counter[str]:
        """Count what clients saw in requests that began after a moment."""
        return Counter(answer.saw for answer in self.answers if answer.begun >= since)

    def lost(self, since: float = 0.0) -> int:
        """Count requests that were accepted and not answered in full."""
        return sum(answer.lost for answer in self.answers if answer.begun >= since)

    def ended(self, since: float, until: float) -> list[Answer]:
        """Return what came in a time, whenever it was asked for."""
        return [answer for answer in self.answers if since <= answer.ended < until]

    def wait_for_answers(self, count: int, since: float, seconds: float = 60) -> float:
        """Return when so many requests begun after a moment ended well, as seconds from then.

        Raises:
            TimeoutError: they did not.
        """
        deadline = time.monotonic() + seconds
        while True:
            done = [a.ended for a in self.answers if a.saw == "ok" and a.begun >= since]
            if len(done) >= count:
                return sorted(done)[count - 1] - since
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(done)} of {count} answers; seen: {self.seen(since)}")
            time.sleep(0.02)


@contextmanager
def load(url: str, clients: int, tokens: int = 20) -> Iterator[Load]:
    """Keep so many clients busy until the block ends; then let the last answers come."""
    running = Load(url, tokens)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_clients(running, clients, stop)))
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        thread.join()


async def _clients(running: Load, clients: int, stop: threading.Event) -> None:
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await asyncio.gather(*(_client(session, running, n, stop) for n in range(clients)))


async def _client(
    session: aiohttp.ClientSession, running: Load, number: int, stop: threading.Event
) -> None:
    while not stop.is_set():
        begun = time.monotonic()
        saw = await stream(session, running.url, f"w{number + 1}", running.tokens)
        running.answers.append(Answer(begun, time.monotonic(), saw))
        if saw != "ok":
            await asyncio.sleep(PAUSE_AFTER_ERROR)


async def stream(session: aiohttp.ClientSession, url: str, prompt: str, tokens: int) -> str:
    """Stream one completion; return what the client saw."""
    body = {
        "model": MODEL, "prompt": prompt, "max_tokens": tokens, "ignore_eos": True,
        "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    status = 0
    try:
        async with session.post(f"{url}/v1/completions", json=body) as response:
            status = response.status
            if status != 200:
                return str(status)
            lines = [line async for line in response.content]
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        return "cut off" if status == 200 else "no connection"
    return "ok" if _completion_tokens(lines) == tokens else "cut off"


def _completion_tokens(lines: list[bytes]) -> int:
    events = [line.removeprefix(b"data: ").strip() for line in lines if line.startswith(b"data: ")]
    for event in reversed(events):
        if event != b"[DONE]" and (usage := json.loads(event).get("usage")):
            return int(usage["completion_tokens"])
    return 0
