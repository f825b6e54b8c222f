"""Whether a worker is as it was, after all that it was asked."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from scripts.fuzz.processes import Worker, is_alive
from scripts.fuzz.raw_http import exchange
from scripts.fuzz.request import Request
from scripts.fuzz.verdict import Finding

FEWEST_LOOKS = 12
"""With fewer, growth cannot be told from warming up."""
QUIET_SECONDS = 20.0
"""Longest wait until nothing is in flight any more."""
IN_FLIGHT = re.compile(
    r'^(?:dynamo_component_inflight_requests\{[^}]*endpoint="generate"|vllm:num_requests_\w+\{)'
    r"[^\n]*\} ([0-9.]+)$",
    re.MULTILINE,
)
TRACEBACK, PANIC = "Traceback (most recent call last)", "panicked at"
REFUSAL = re.compile(
    r"([\w.]*\.)?(InvalidArgument|EngineShutdown|WorkerUnavailable|Cancelled|HttpError)(:|$)"
)
"""Exceptions by which the runtime is told to refuse a request: it prints them, several threads at
once, so that what belongs to one may stand in several lines."""
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(: |$)")
"""How the line begins that names an exception; other processes may write in between."""

Check = Callable[[], Awaitable[str]]
"""Returns what is wrong, empty for nothing."""


@dataclass(frozen=True)
class Size:
    """What a worker's processes hold at a moment when nothing is in flight."""

    descriptors: int
    resident: int
    """Bytes."""


@dataclass
class Patient:
    """One worker under observation."""

    worker: Worker
    answers: Check
    """Asks a correct request."""
    is_empty: Check
    """Asks the engine whether any request holds a block of its KV cache."""
    restore: Callable[[], Awaitable[None]]
    """Undoes what requests may have changed on purpose."""
    sizes: list[Size] = field(default_factory=list)
    _log_read: int = 0

    async def findings(self) -> list[Finding]:
        """Look at everything once; notes the worker's size."""
        if not is_alive(self.worker):
            return [Finding("the process ended", self.worker.log.read_text()[-3000:])]
        await self.restore()
        found = [Finding(f"after the batch: {text}") for text in await self._wrong()]
        found += self.logged()
        self.sizes.append(size(self.worker))
        return found

    async def _wrong(self) -> list[str]:
        checks = [self.answers, self.is_empty, self._in_flight]
        return [text for check in checks if (text := await _until_well(check))]

    async def _in_flight(self) -> str:
        request = Request(method=b"GET", path=b"/metrics")
        answer = await exchange(self.worker.ports["status"], request, QUIET_SECONDS)
        text = answer.body.decode() if answer else ""
        counts = [float(count) for count in IN_FLIGHT.findall(text)]
        return f"{sum(counts):.0f} requests are in flight" if sum(counts) else ""

    def logged(self) -> list[Finding]:
        """Return what the worker did not foresee, by its log since the last look."""
        text = self.worker.log.read_text(errors="replace")
        new, self._log_read = text[self._log_read :], len(text)
        return [Finding(f"logged: {cause}", text) for cause, text in failures(new).items()]


def size(worker: Worker) -> Size:
    """Return what a worker and its engine's processes hold now."""
    family = [each for each in worker.family() if each.is_running()]
    try:
        return Size(
            sum(each.num_fds() for each in family), sum(each.memory_info().rss for each in family)
        )
    except psutil.NoSuchProcess:
        return Size(0, 0)


def growth(sizes: Sequence[Size]) -> Size:
    """Return how much the second half of the looks is above the end of the first, at its lowest.

    The lowest of the last quarter: a moment with a little more in hand is no leak.
    """
    if len(sizes) < FEWEST_LOOKS:
        return Size(0, 0)
    first, last = sizes[len(sizes) // 4 : len(sizes) // 2], sizes[-max(1, len(sizes) // 4) :]
    return Size(
        min(each.descriptors for each in last) - max(each.descriptors for each in first),
        min(each.resident for each in last) - max(each.resident for each in first),
    )


async def _until_well(check: Check) -> str:
    """Ask again for a while: the last requests may still be on their way out."""
    deadline = time.monotonic() + QUIET_SECONDS
    while wrong := await check():
        if time.monotonic() > deadline:
            return wrong
        await asyncio.sleep(0.05)
    return ""


def failures(log: str) -> dict[str, str]:
    """Return what a log tells of exceptions that nobody foresaw, by their last line."""
    found: dict[str, str] = {}
    for begin in (match.start() for match in re.finditer(re.escape(TRACEBACK), log)):
        lines = log[begin:].splitlines()
        cause = next((line for line in lines[1:] if EXCEPTION.match(line)), "")
        if not REFUSAL.match(cause):
            found.setdefault(cause[:200], log[begin : begin + 3000])
    if PANIC in log:
        begin = log.index(PANIC)
        found[log[begin:].splitlines()[0][:200]] = log[begin : begin + 3000]
    return found
