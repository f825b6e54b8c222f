"""Requests at a steady rate, of every kind that clients send, for as long as it takes."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.faults.load import stream
from tests.worker.processes import MODEL
from tests.worker.tiny_model import WORDS

KINDS = ("whole", "whole", "stream", "stream", "chat", "leave", "whole", "refuse")
LONGEST_PROMPT = 150
TOKENS = 16
ABANDONED_TOKENS = 90
SECONDS = 120
"""Longest wait for an answer."""
EXPECTED = {"ok", "left", "400"}
"""What clients must see: whole answers, those that they do not wait for, refusals of nonsense."""


@dataclass
class SteadyLoad:
    """What clients have seen so far."""

    url: str
    seen: Counter[str] = field(default_factory=Counter)


@contextmanager
def steady_load(url: str, rate: float, requests: int) -> Iterator[SteadyLoad]:
    """Send so many requests, `rate` a second whatever the answers take; wait for the last answer
    when the block ends."""
    running = SteadyLoad(url)
    thread = threading.Thread(target=lambda: asyncio.run(_send(running, rate, requests)))
    thread.start()
    try:
        yield running
    finally:
        thread.join()


async def _send(running: SteadyLoad, rate: float, requests: int) -> None:
    clock = asyncio.get_running_loop().time
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        begun, waiting = clock(), set[asyncio.Task[None]]()
        for number in range(requests):
            await asyncio.sleep(begun + number / rate - clock())
            task = asyncio.create_task(_one(session, running, number))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)


async def _one(session: aiohttp.ClientSession, running: SteadyLoad, number: int) -> None:
    words = random.Random(number)
    length = words.randrange(5, LONGEST_PROMPT)
    prompt = " ".join(words.choice(WORDS[3:]) for _ in range(length))
    try:
        saw = await _ask(session, running.url, KINDS[number % len(KINDS)], prompt)
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        saw = type(error).__name__
    running.seen[saw] += 1


async def _ask(session: aiohttp.ClientSession, url: str, kind: str, prompt: str) -> str:
    match kind:
        case "whole":
            body = {"prompt": prompt, "max_tokens": TOKENS, "ignore_eos": True}
            return await _whole(session, f"{url}/v1/completions", body)
        case "chat":
            messages = [{"role": "user", "content": prompt}]
            body = {"messages": messages, "max_tokens": TOKENS, "ignore_eos": True}
            return await _whole(session, f"{url}/v1/chat/completions", body)
        case "refuse":
            body = {"prompt": prompt, "max_tokens": TOKENS, "temperature": -1}
            return await _whole(session, f"{url}/v1/completions", body)
        case "leave":
            return await _leave(session, url, prompt)
        case _:
            return await stream(session, url, prompt, TOKENS)


async def _whole(session: aiohttp.ClientSession, url: str, body: dict[str, object]) -> str:
    async with session.post(url, json={"model": MODEL, **body}) as response:
        answer = await response.json()
        if response.status != 200:
            return str(response.status)
        return "ok" if answer["usage"]["completion_tokens"] == TOKENS else "cut off"


async def _leave(session: aiohttp.ClientSession, url: str, prompt: str) -> str:
    """Hang up after the first token of a long answer."""
    body = {
        "model": MODEL, "prompt": prompt, "max_tokens": ABANDONED_TOKENS, "ignore_eos": True,
        "stream": True,
    }  # fmt: skip
    async with session.post(f"{url}/v1/completions", json=body) as response:
        if response.status != 200:
            return str(response.status)
        await response.content.readline()
    return "left"
