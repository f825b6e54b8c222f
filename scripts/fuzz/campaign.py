"""Send batches of mutated requests through one channel, and look at the worker after each."""

import asyncio
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from scripts.fuzz.channels import Channel
from scripts.fuzz.health import Size, growth
from scripts.fuzz.over_runtime import UNSENDABLE
from scripts.fuzz.raw_http import WAITS, Answer
from scripts.fuzz.recipe import Recipe, build, recipe
from scripts.fuzz.shrink import shrunk
from scripts.fuzz.verdict import Finding

LEFT = "left"
MOST_RESIDENT = 24 * 2**20
MOST_DESCRIPTORS = 8


@dataclass
class Seen:
    """A finding, how often it came, and the smallest request that leads to it."""

    finding: Finding
    times: int = 0
    example: str = ""


@dataclass
class Outcome:
    """What came of one channel."""

    channel: str
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Seen] = field(default_factory=dict)
    grown: Size = field(default_factory=lambda: Size(0, 0))
    sizes: list[Size] = field(default_factory=list)

    def note(self, finding: Finding, times: int = 1) -> Seen:
        """Count a finding and return it with what is known about its kind."""
        seen = self.findings.setdefault(finding.kind, Seen(finding))
        seen.times += times
        return seen

    @property
    def ours(self) -> list[Seen]:
        """The findings that are this project's."""
        return [each for each in self.findings.values() if each.finding.ours]


@dataclass(frozen=True)
class Campaign:
    """How much is sent, and how."""

    seed: int
    requests: int
    first: int = 0
    """Number of the first request, to go on where another run ended."""
    batch: int = 500
    seconds: float = math.inf
    """Time after which no further batch begins."""
    clients: int = 16


async def run(channel: Channel, campaign: Campaign) -> Outcome:
    """Send all requests of one channel; ends early when time is up or the worker has died."""
    outcome, numbers = Outcome(channel.name), iter(range(campaign.first, 10**12))
    channel.patient.sizes.clear()
    for finding in await channel.patient.findings():
        outcome.note(finding)
    begin = time.monotonic()
    while outcome.requests < campaign.requests and not _is_over(outcome):
        if time.monotonic() - begin > campaign.seconds:
            break
        count = min(campaign.batch, campaign.requests - outcome.requests)
        batch = await _batch(channel, campaign, outcome, numbers, count)
        for finding in await channel.patient.findings():
            seen = outcome.note(finding)
            if not seen.example:
                seen.example = await _culprit(channel, batch, finding)
        _tell(outcome, time.monotonic() - begin)
    _judge_growth(channel, outcome)
    return outcome


def _tell(outcome: Outcome, seconds: float) -> None:
    rate = outcome.requests / seconds
    told = f"{outcome.channel}: {outcome.requests} requests, {rate:.0f}/s, "
    print(told + f"{len(outcome.ours)} findings", file=sys.stderr, flush=True)


def _is_over(outcome: Outcome) -> bool:
    return "the process ended" in outcome.findings


async def _batch(
    channel: Channel, campaign: Campaign, outcome: Outcome, numbers: Iterator[int], count: int
) -> list[Recipe]:
    """Send so many requests, several at a time; return what they were made by."""
    sent: list[Recipe] = []

    async def client() -> None:
        while len(sent) < count:
            made_by = recipe(campaign.seed, channel.name, next(numbers))
            sent.append(made_by)
            try:
                answer = await _one(channel, made_by, outcome)
            except OSError as error:
                answer = Answer(0, problem=f"cannot connect: {type(error).__name__}")
                outcome.note(Finding(answer.problem))
            if answer is not None and answer.problem.startswith(UNSENDABLE):
                sent.remove(made_by)
                continue
            outcome.requests += 1
            outcome.statuses[_label(answer)] += 1

    await asyncio.gather(*(client() for _ in range(campaign.clients)))
    return sent


async def _one(channel: Channel, made_by: Recipe, outcome: Outcome) -> Answer | None:
    request = build(made_by, channel.samples, channel.kinds)
    answer = await channel.send(request)
    if answer is None or answer.problem.startswith(UNSENDABLE):
        return answer
    if answer.problem == WAITS:
        return answer
    if finding := channel.judge(request, answer):
        seen = outcome.note(finding)
        if not seen.example:
            seen.example = "is being made smaller"
            seen.example = await shrunk(channel, made_by, finding)
    return answer


def _label(answer: Answer | None) -> str:
    if answer is None:
        return LEFT
    if answer.problem == WAITS:
        return WAITS
    return str(answer.status) if answer.status else "no answer"


async def _culprit(channel: Channel, batch: list[Recipe], finding: Finding) -> str:
    """Send a batch again, one after the other, until the worker's log shows the finding again."""
    if not finding.kind.startswith("logged"):
        first, last = batch[0], batch[-1]
        return f"one of the requests {first.origin} to {last.number}"
    for made_by in batch:
        await channel.send(build(made_by, channel.samples, channel.kinds))
        await asyncio.sleep(0.005)
        if any(each.kind == finding.kind for each in channel.patient.logged()):
            return await shrunk(channel, made_by, finding)
    return f"not one request alone; it was among {batch[0].origin} to {batch[-1].number}"


def _judge_growth(channel: Channel, outcome: Outcome) -> None:
    outcome.sizes = list(channel.patient.sizes)
    outcome.grown = grown = growth(outcome.sizes)
    if grown.resident > MOST_RESIDENT:
        outcome.note(Finding(f"memory grew by {grown.resident >> 20} MiB"))
    if grown.descriptors > MOST_DESCRIPTORS:
        outcome.note(Finding(f"{grown.descriptors} more open files"))
