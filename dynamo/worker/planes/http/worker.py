"""A worker on the http request plane: its listener, its address in the store, its frontend."""

from typing import Any

from dynamo.config.plan import HttpPlanePlan, LaunchPlan
from dynamo.worker.planes.http.card import Announcement, ModelCard
from dynamo.worker.planes.http.discovery import address_path, announcing
from dynamo.worker.planes.http.forwarding import Forwarding
from dynamo.worker.planes.http.server import Handler, HttpPlane


class HttpWorker:
    """What a worker needs on this plane beside its handlers; made by `start`."""

    def __init__(self, plan: LaunchPlan, http: HttpPlanePlan, runtime: Any) -> None:
        self._plan = plan
        self._runtime = runtime
        self.plane = HttpPlane(http)
        self.forwarding: Forwarding | None = None

    @classmethod
    async def start(cls, plan: LaunchPlan, http: HttpPlanePlan, runtime: Any) -> "HttpWorker":
        """Listen, and let a frontend of this process look for workers, this one or others.

        Raises:
            OSError: the address cannot be bound.
        """
        worker = cls(plan, http, runtime)
        await worker.plane.start()
        if plan.frontend is not None:
            worker.forwarding = await Forwarding.start(runtime, plan, http)
        return worker

    @property
    def frontend_namespace(self) -> str | None:
        """The namespace to which this process's frontend must keep."""
        return self.forwarding.namespace if self.forwarding else None

    @property
    def announced_at(self) -> str:
        """Path of the endpoint by which the worker is found in the store."""
        return address_path(self._plan.endpoint.namespace, self._plan.endpoint.component)

    def announcement(self, card: ModelCard, generate: Handler) -> Handler:
        """Return the handler of that endpoint."""
        return announcing(Announcement(self.plane.url, self._plan.endpoint.path, card), generate)

    async def close(self) -> None:
        """End after the runtime, which drains its own endpoints first."""
        if self.forwarding is not None:
            await self.forwarding.close()
        await self.plane.close()
