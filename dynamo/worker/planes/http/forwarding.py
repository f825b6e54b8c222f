"""Put the OpenAI frontend in front of http workers: a worker of its own that forwards.

The runtime's frontend speaks tcp and nats. So its process registers, under a namespace that nobody
else has, each model that http workers serve, and passes requests on to them.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from dynamo.llm import unregister_model

from dynamo.config.plan import EndpointPlan, HttpPlanePlan, LaunchPlan
from dynamo.worker.cancellation import Cancellations
from dynamo.worker.dropped_streams import call_on_loop
from dynamo.worker.planes.http.client import HttpClient
from dynamo.worker.planes.http.continuation import can_continue, continued
from dynamo.worker.planes.http.discovery import address_path
from dynamo.worker.planes.http.errors import UNAVAILABLE, RemoteError, to_native
from dynamo.worker.planes.http.wire import REQUEST_ID_HEADER
from dynamo.worker.pushing import pushing
from dynamo.worker.registration import register

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
END = object()
COMPONENTS = ("backend", "prefill")
"""Where workers are that frontends call, whatever this process's own role (R97)."""


class Forwarder:
    """Serves in this process, for its frontend, what the http workers of one component serve."""

    def __init__(
        self,
        runtime: Any,
        found_at: EndpointPlan,
        namespace: str,
        plan: HttpPlanePlan,
        migration_limit: int,
    ) -> None:
        self._runtime = runtime
        self._found_at = found_at
        self._plan = plan
        self._migration_limit = migration_limit
        self._namespace = namespace
        self._client: HttpClient
        self._endpoint: Any = None
        self._following: asyncio.Task[None]
        self._served: asyncio.Future[None] | None = None
        self._registered = False
        self._receiving: dict[str, asyncio.Task[None]] = {}
        self._cancellations = Cancellations(self._cancel)

    async def start(self) -> None:
        """Look for workers from now on."""
        path = address_path(self._found_at.namespace, self._found_at.component)
        self._client = await HttpClient.open(self._runtime.endpoint(path), self._plan)
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """End what has not ended; call it after the runtime's shutdown, which drains."""
        self._following.cancel()
        if self._served is not None:
            await asyncio.wait([self._served])
        await self._client.close()

    async def generate(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Pass a request on, with its id and trace, and the answer back (R115)."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Any] = asyncio.Queue()
        receiving = asyncio.create_task(self._receive(request, context, arrived))
        self._receiving[context.id()] = receiving
        watched = self._cancellations.watch(context)
        try:
            while (message := await arrived.get()) is not END:
                if isinstance(message, Exception):
                    raise message
                yield message
        finally:
            self._cancellations.forget(watched)
            del self._receiving[context.id()]
            call_on_loop(loop, receiving.cancel)

    async def _cancel(self, request_id: str) -> None:
        self._receiving[request_id].cancel()

    async def _receive(self, request: Any, context: Any, arrived: asyncio.Queue[Any]) -> None:
        """Fill the queue, for a task can be cancelled wherever it waits, and a generator cannot."""
        try:
            async with aclosing(self._answer(request, passed_headers(context))) as stream:
                async for message in stream:
                    arrived.put_nowait(message)
        except asyncio.CancelledError:
            arrived.put_nowait({"token_ids": [], "finish_reason": "cancelled"})
            raise
        except RemoteError as error:
            arrived.put_nowait(to_native(error))
        finally:
            arrived.put_nowait(END)

    async def _answer(self, request: Any, headers: dict[str, str]) -> AsyncGenerator[Any]:
        """Yield an answer; R37: one that was cut off goes on at another worker.

        The runtime's frontend cannot do that here: it would need another forwarding worker.
        """
        moves = self._migration_limit if can_continue(request) else 0
        produced: list[int] = []
        asked = request
        while True:
            try:
                async with aclosing(self._client.generate(asked, headers)) as stream:
                    async for message in stream:
                        if moves:
                            produced += message.get("token_ids") or ()
                        yield message
                return
            except RemoteError as error:
                if error.status != UNAVAILABLE or not produced or not moves:
                    raise
                logger.warning("a request moves to another worker: %s", error)
                moves -= 1
                asked = continued(request, produced)

    async def _follow(self) -> None:
        """Keep the model registered exactly while a worker serves it."""
        while True:
            present = bool(self._client.instances.ids())
            try:
                if present and not self._registered:
                    await self._register()
                elif not present and self._registered:
                    await self._unregister()
            except Exception:
                logger.exception("cannot tell the frontend about http workers")
            await asyncio.sleep(LOOK_SECONDS)

    async def _register(self) -> None:
        picked = await self._client.instances.pick(())
        if picked is None:
            return
        card = picked[1].card
        if not card.registration.serves_frontend:
            return
        if self._served is None:
            self._endpoint = self._runtime.endpoint(
                f"{self._namespace}.{self._found_at.component}.{self._found_at.endpoint}"
            )
            served = self._endpoint.serve_endpoint(pushing(self.generate), graceful_shutdown=True)
            self._served = asyncio.ensure_future(served)
        else:
            await self._endpoint.register_endpoint_instance()
        await register(card, self._endpoint, Path(card.model.path), card.info)
        self._registered = True

    async def _unregister(self) -> None:
        self._registered = False
        await unregister_model(self._endpoint)
        await self._endpoint.unregister_endpoint_instance()


class Forwarding:
    """All forwarding workers of one frontend; made by `start`."""

    def __init__(self, runtime: Any, plan: LaunchPlan, http: HttpPlanePlan) -> None:
        found_at = plan.endpoint
        self.namespace = f"{found_at.namespace}-http-{uuid.uuid4().hex[:8]}"
        """To which the frontend must keep: others forward to the same workers."""
        components = sorted({found_at.component, *COMPONENTS})
        self._forwarders = [
            Forwarder(
                runtime,
                replace(found_at, component=component),
                self.namespace,
                http,
                plan.registration.migration_limit,
            )
            for component in components
        ]

    @classmethod
    async def start(cls, runtime: Any, plan: LaunchPlan, http: HttpPlanePlan) -> "Forwarding":
        """Look for the workers of a namespace from now on."""
        forwarding = cls(runtime, plan, http)
        await asyncio.gather(*(each.start() for each in forwarding._forwarders))
        return forwarding

    async def close(self) -> None:
        """End what has not ended; call it after the runtime's shutdown, which drains."""
        await asyncio.gather(*(each.close() for each in self._forwarders))


def passed_headers(context: Any) -> dict[str, str]:
    """Return id and W3C trace of a request of the runtime, as headers."""
    return {**(context.trace_headers() or {}), REQUEST_ID_HEADER: context.id()}
