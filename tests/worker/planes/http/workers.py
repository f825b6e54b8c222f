"""Http workers in this process: real listeners and clients, with handlers of the tests."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from dynamo.config.plan import HttpPlanePlan, ModelPlan, RegistrationPlan
from dynamo.engines.base import EngineInfo
from dynamo.worker.planes.http.card import Announcement, ModelCard
from dynamo.worker.planes.http.client import HttpClient
from dynamo.worker.planes.http.server import Handler, HttpPlane

ENDPOINT = "dynamo.backend.generate"
PLAN = HttpPlanePlan(host="127.0.0.1", port=0)
CARD = ModelCard(
    ModelPlan("/models/a", "a"),
    RegistrationPlan("aggregated", "tokens", ("chat",)),
    EngineInfo("1", 256, 16, 100, 8, 512, 100),
)


@dataclass
class Found:
    """Instances as a store would give them, in turn."""

    urls: list[str]
    left_out: list[int] = field(default_factory=list)
    turn: int = -1

    async def pick(self, refused: Collection[int]) -> tuple[int, Announcement] | None:
        self.turn += 1
        order = [(self.turn + step) % len(self.urls) for step in range(len(self.urls))]
        for instance in order:
            if instance not in refused:
                return instance, Announcement(self.urls[instance], ENDPOINT, CARD)
        return None

    def leave_out(self, instance: int) -> None:
        self.left_out.append(instance)

    async def close(self) -> None:
        pass


async def echo(request: Any, _context: Any) -> AsyncIterator[Any]:
    """Yield each token of the prompt."""
    for token in request["token_ids"]:
        yield {"token_ids": [token]}


@asynccontextmanager
async def listening(handler: Handler, plan: HttpPlanePlan = PLAN) -> AsyncIterator[HttpPlane]:
    """Serve one endpoint."""
    plane = HttpPlane(plan)
    plane.add(ENDPOINT, handler)
    await plane.start()
    try:
        yield plane
    finally:
        await plane.close()


@asynccontextmanager
async def connected(*urls: str, plan: HttpPlanePlan = PLAN) -> AsyncIterator[HttpClient]:
    """Return a client of these workers."""
    found: Any = Found(list(urls))
    client = HttpClient(found, plan, None)
    try:
        yield client
    finally:
        await client.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def served(handler: Handler, plan: HttpPlanePlan = PLAN) -> AsyncIterator[HttpClient]:
    """Return a client of one worker."""
    async with AsyncExitStack() as stack:
        plane = await stack.enter_async_context(listening(handler, plan))
        yield await stack.enter_async_context(connected(plane.url, plan=plan))


async def answer(client: HttpClient, request: Any, **headers: str) -> list[Any]:
    """Return all messages of one answer."""
    return [message async for message in client.generate(request, headers)]
