"""A worker in the distributed runtime: its endpoints, its registration, its frontend.

Importing this module loads the runtime wheel, which starts threads: start the engine first.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import Engine, EngineInfo
from dynamo.worker.adapter_models import AdapterModels, adapters_of
from dynamo.worker.control.server import ControlServer
from dynamo.worker.control.worker_settings import worker_settings
from dynamo.worker.distributed import distributed_runtime
from dynamo.worker.frontend import start_frontend
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.kv_events import KvEvents
from dynamo.worker.listing import LISTING_SECONDS, base_url, curl_line, wait_until_listed
from dynamo.worker.lora import Adapters
from dynamo.worker.messages import say
from dynamo.worker.metrics import register_metrics
from dynamo.worker.modes import request_mode
from dynamo.worker.operations import adapter_operations, operator_routes
from dynamo.worker.planes.http.card import ModelCard
from dynamo.worker.planes.http.worker import HttpWorker
from dynamo.worker.pushing import pushing
from dynamo.worker.rank_group import leader_path, leads
from dynamo.worker.registration import health_check_payload, register
from dynamo.worker.routes import as_endpoint, register_routes
from dynamo.worker.sampling import Served, base_model
from dynamo.worker.shutdown import (
    DRAIN_SECONDS,
    Reason,
    StopSignal,
    drain_seconds,
    either,
    fetch_seconds,
)

logger = logging.getLogger(__name__)

Handler = Callable[[Any, Any], AsyncIterator[Any]]


@dataclass
class Worker:
    """A serving worker; made by `start`."""

    plan: LaunchPlan
    runtime: Any
    endpoint: Any
    handler: GenerateHandler
    kv_events: KvEvents
    adapters: Adapters | None
    running: list[asyncio.Future[None]]
    """Endpoints and frontend: each ends when the runtime is shut down, and not before."""
    http: HttpWorker | None = None
    """Set where requests come over HTTP and not through the runtime."""
    control: ControlServer | None = None
    _prepared: list[tuple[Any, Handler, dict[str, Any] | None]] = field(default_factory=list)

    @classmethod
    async def start(
        cls, plan: LaunchPlan, directory: Path, engine: Engine, info: EngineInfo
    ) -> "Worker":
        """Register the model, serve its endpoints, and the frontend if the plan has one (R100)."""
        runtime = distributed_runtime(plan)
        endpoint = runtime.endpoint(plan.endpoint.path)
        adapters = adapters_of(engine, AdapterModels(plan, endpoint, directory, info))
        served = Served(info, plan.sampling, adapters.named if adapters else base_model)
        mode = request_mode(plan, engine, served)
        handler = GenerateHandler(engine, mode, plan.registration.worker_type)
        # Before the registration, so that no router finds the worker and misses its events.
        kv_events = KvEvents(plan, endpoint, engine, info)
        worker = cls(plan, runtime, endpoint, handler, kv_events, adapters, [])
        try:
            await worker._open(directory, engine, info)
        except BaseException:
            await worker.close()
            raise
        return worker

    async def _open(self, directory: Path, engine: Engine, info: EngineInfo) -> None:
        plan = self.plan
        if plan.runtime.http is not None:
            self.http = await HttpWorker.start(plan, plan.runtime.http, self.runtime)
        elif plan.registration.serves_frontend:
            await register(plan, self.endpoint, directory, info)
        self._serve(plan.endpoint.path, self.handler.generate, health_check_payload(plan, info))
        self._serve_beside("clear_kv_blocks", self.handler.clear_kv_blocks)
        if self.adapters or info.max_adapters:
            for name, route in adapter_operations(self.adapters, self.handler).items():
                self._serve_beside(name, as_endpoint(name, route))
        if self.http is not None:
            model = replace(plan.model, path=str(directory))
            self._tell_address(self.http, ModelCard(model, plan.registration, info))
        if plan.group is not None:
            self._serve_natively(self.runtime.endpoint(leader_path(plan, plan.group)), leads, None)
        self._begin()
        routes = operator_routes(plan, self.handler, self._hide, self._show)
        register_routes(self.runtime, routes)
        if plan.control is not None:
            self.control = ControlServer(plan.control, worker_settings(engine, self.kv_events))
            await self.control.start()
        register_metrics(plan, self.endpoint, engine, self.control, self.kv_events.families)
        if plan.frontend is not None:
            only = self.http.frontend_namespace if self.http else None
            self.running.append(await start_frontend(self.runtime, plan, plan.frontend, only))

    async def _hide(self) -> None:
        """Take the worker out of the store: no router sends a request."""
        await self.endpoint.unregister_endpoint_instance()

    async def _show(self) -> None:
        await self.endpoint.register_endpoint_instance()

    def _serve_beside(self, name: str, handler: Handler) -> None:
        """Serve another endpoint of the component."""
        place = self.plan.endpoint
        self._serve(f"{place.namespace}.{place.component}.{name}", handler)

    def _serve(
        self, path: str, handler: Handler, health_check: dict[str, Any] | None = None
    ) -> None:
        if self.http is not None:
            self.http.plane.add(path, handler)
        else:
            self._serve_natively(self.runtime.endpoint(path), handler, health_check)

    def _serve_natively(
        self, endpoint: Any, handler: Handler, health_check: dict[str, Any] | None
    ) -> None:
        self._prepared.append((endpoint, handler, health_check))

    def _begin(self) -> None:
        """Serve all endpoints, which are made by now.

        On the nats plane the runtime makes an endpoint by asking the server, and holds Python's
        lock meanwhile: while another one is being served, its threads may all wait for that lock.
        """
        labels = [("model", self.plan.model.served_name)]
        for endpoint, handler, health_check in self._prepared:
            served = endpoint.serve_endpoint(
                pushing(handler),
                graceful_shutdown=True,
                metrics_labels=labels,
                health_check_payload=health_check,
            )
            self.running.append(asyncio.ensure_future(served))

    def _tell_address(self, http: HttpWorker, card: ModelCard) -> None:
        """From now on routers find the worker: all its endpoints are there."""
        self.endpoint = self.runtime.endpoint(http.announced_at)
        handler = http.announcement(card, self.handler.generate)
        self._serve_natively(self.endpoint, handler, health_check_payload(self.plan, card.info))

    async def announce(self, started: float) -> None:
        """Say where the model answers, once it does; `started` is a time.monotonic()."""
        name, frontend = self.plan.model.served_name, self.plan.frontend
        if frontend is None:
            print(f"ready: {name} serves {self.plan.endpoint.path} {_since(started)}", flush=True)
            return
        peers = self.plan.registration.needs
        if peers:
            print(f"waiting: {name} is listed once there is {_alternatives(peers)}", flush=True)
        await wait_until_listed(frontend, name, None if peers else LISTING_SECONDS)
        print(f"ready: {name} on {base_url(frontend)} {_since(started)}", flush=True)
        print(f"try: {curl_line(frontend, name)}", flush=True)

    async def withdraw(self, reason: Reason, stop: StopSignal) -> None:
        """R117: leave the store, let routers notice, finish what is in flight."""
        try:
            if self.adapters is not None:
                await self.adapters.withdraw_all()
            await self._hide()
        except Exception as error:  # noqa: BLE001 - the store may be what failed
            logger.error("cannot unregister from the store: %s", error)
        if reason is Reason.ASKED:
            await either(stop.urgent, self.plan.runtime.grace_period_seconds, stop.urgent)
            await self._drain(stop)
        if self.handler.in_flight:
            logger.error("requests that are cut off: %d", self.handler.in_flight)
            self.handler.cut_off = True
            await self.handler.engine.stop()

    async def _drain(self, stop: StopSignal) -> None:
        limit = drain_seconds(self.plan)
        if self.handler.in_flight:
            say(f"stopping: up to {limit:.0f} s for requests in flight: {self.handler.in_flight}")
        await either(self.handler.idle, limit, stop.urgent)
        if self.handler.worker_type == "prefill":
            # What the last requests computed is still being fetched.
            await either(stop.urgent, fetch_seconds(self.plan, self.handler.left_at), stop.urgent)

    async def close(self) -> None:
        """Shut the runtime down; responses that are complete still reach their clients."""
        await self.kv_events.close()
        self.runtime.shutdown()
        if self.running:
            _done, pending = await asyncio.wait(self.running, timeout=DRAIN_SECONDS)
            for task in pending:
                task.cancel()
        if self.http is not None:
            await self.http.close()
        if self.control is not None:
            await self.control.close()


def _alternatives(needs: Sequence[Sequence[str]]) -> str:
    return " or ".join(f"a worker for {' and '.join(types)}" for types in needs)


def _since(started: float) -> str:
    return f"({time.monotonic() - started:.1f} s)"
