"""Workers of the http request plane are found as all others are: in the runtime's store.

A worker serves one ordinary endpoint more, on the runtime's own request plane, that tells its HTTP
address. So instance ids, leases and the detection of death are the runtime's.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Any

from dynamo.worker.planes.http.card import Announcement, read_announcement
from dynamo.worker.planes.http.server import Handler

logger = logging.getLogger(__name__)

ENDPOINT = "http_address"
ASK = {"tell": ENDPOINT}
ASK_SECONDS = 3.0


def address_path(namespace: str, component: str) -> str:
    """Return the endpoint at which the http workers of a component are found."""
    return f"{namespace}.{component}.{ENDPOINT}"


def announcing(announcement: Announcement, generate: Handler) -> Handler:
    """Return the handler of the endpoint; anything but the question is a canary (R195)."""
    message = announcement.to_message()

    async def tell(request: Any, context: Any) -> AsyncIterator[Any]:
        if request == ASK:
            yield message
            return
        async for answer in generate(request, context):
            yield answer

    return tell


class Instances:
    """The http workers of one component, as the store has them now."""

    def __init__(self, client: Any, inhibited_seconds: float) -> None:
        self._client = client
        self._inhibited_seconds = inhibited_seconds
        self._known: dict[int, Announcement] = {}
        self._asking: dict[int, asyncio.Task[Announcement | None]] = {}
        self._left_out: dict[int, float] = {}
        self._turn = 0

    @classmethod
    async def watch(cls, endpoint: Any, inhibited_seconds: float) -> "Instances":
        """Follow the runtime's endpoint; see address_path."""
        return cls(await endpoint.client(), inhibited_seconds)

    def ids(self) -> list[int]:
        """Return the live instances; this asks nobody, the runtime watches the store."""
        return sorted(self._client.instance_ids())

    def leave_out(self, instance: int) -> None:
        """Pass over an instance for a while: it did not answer."""
        self._left_out[instance] = time.monotonic() + self._inhibited_seconds

    async def pick(self, refused: Collection[int]) -> tuple[int, Announcement] | None:
        """Return the next worker in turn that has not refused; None when there is none.

        Those left out come last: better a try than a refusal.
        """
        self._turn += 1
        for instance in self._in_order(refused):
            announcement = self._known.get(instance) or await self._ask(instance)
            if announcement is not None:
                return instance, announcement
        return None

    def _in_order(self, refused: Collection[int]) -> list[int]:
        ids = self.ids()
        self._forget_all_but(ids)
        turn = self._turn % len(ids) if ids else 0
        now = time.monotonic()
        turned = [each for each in [*ids[turn:], *ids[:turn]] if each not in refused]
        return sorted(turned, key=lambda each: self._left_out.get(each, 0) > now)

    def _forget_all_but(self, ids: list[int]) -> None:
        if len(self._known) + len(self._left_out) > len(ids):
            self._known = {each: self._known[each] for each in ids if each in self._known}
            self._left_out = {each: self._left_out[each] for each in ids if each in self._left_out}

    async def _ask(self, instance: int) -> Announcement | None:
        """Ask an instance where it is, once for all who wait; None when it does not say."""
        task = self._asking.get(instance)
        if task is None:
            task = self._asking[instance] = asyncio.create_task(self._fetch(instance))
            task.add_done_callback(lambda _done: self._asking.pop(instance, None))
        return await asyncio.shield(task)

    async def _fetch(self, instance: int) -> Announcement | None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                stream = await self._client.direct(ASK, instance, annotated=False)
                async for message in stream:
                    self._known[instance] = read_announcement(message)
                    return self._known[instance]
        except Exception as error:  # noqa: BLE001 - the runtime raises nothing more specific
            logger.warning("instance %d does not tell its HTTP address: %s", instance, error)
        self.leave_out(instance)
        return None

    async def close(self) -> None:
        """Stop asking."""
        for task in list(self._asking.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
