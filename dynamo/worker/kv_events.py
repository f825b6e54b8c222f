"""What a worker tells others about its KV cache: routers, and a stream that keeps it (R25, R77)."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import EngineInfo, EngineProcess
from dynamo.engines.capabilities import KvEventSource, ReportsLoad
from dynamo.worker.kv_relay import event_sources, relay, report_load
from dynamo.worker.routes import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

    from dynamo.worker.planes.durable_events.recorder import Recorder
    from dynamo.worker.planes.durable_events.retelling import Retold

logger = logging.getLogger(__name__)


class KvEvents:
    """A worker's KV events and load, from the engine's start to the worker's end."""

    def __init__(
        self,
        plan: LaunchPlan,
        endpoint: Any,
        engine: EngineProcess,
        info: EngineInfo,
        leader: int | None = None,
    ) -> None:
        """Begin; `leader` is the worker that takes the requests when it is not this process."""
        self._plan, self._endpoint, self._block_size = plan, endpoint, info.kv_block_size
        self._leader = leader
        # Nobody routes by KV blocks to a worker that is called over HTTP.
        self.sources = event_sources(engine) if plan.runtime.http is None else ()
        self._local_indexer = plan.registration.enable_local_indexer
        durable = not self._local_indexer
        # R25: with an agent that reads the stream, the agent tells routers, and nobody else.
        agent = durable and plan.registration.kv_state_endpoint is not None
        self._relays = [] if agent else [self._relay(source) for source in self.sources]
        self._retold: list[Retold] = []
        self._recorder: Recorder | None = None
        self._switching = asyncio.Lock()
        if durable and not self.sources:
            logger.warning("durable KV events are on, and the engine publishes no KV events")
        elif durable:
            self._record()
        self._load: asyncio.Task[None] | None = None
        if isinstance(engine, ReportsLoad):
            self._load = asyncio.create_task(report_load(engine, endpoint))

    @property
    def durable(self) -> bool:
        """Whether KV events are kept in a stream."""
        return self._recorder is not None

    @property
    def can_switch(self) -> bool:
        """Whether `set_durable` can work: an agent that tells routers needs the stream."""
        return bool(self.sources) and self._plan.registration.kv_state_endpoint is None

    def families(self) -> "Iterable[Metric]":
        """Return metrics of durable events; none while they are off."""
        if self._recorder is None:
            return ()
        from dynamo.worker.planes.durable_events.metrics import families

        return families(self._recorder.ranks)

    async def set_durable(self, on: bool) -> None:
        """R175: keep KV events from now on, or no longer; no request notices.

        Switched on, the stream begins with what the engine repeats. Switched off, a worker that
        left it to the stream to inform late routers informs them itself: they lose nothing.

        Raises:
            RefusedError: there are no KV events, NATS cannot be reached, or an agent needs them.
        """
        async with self._switching:
            if on == self.durable:
                return
            if not self.can_switch:
                raise RefusedError("the engine has no KV events, or an agent needs them: restart")
            if self._recorder is None:
                await self._switch_on()
            else:
                await self._switch_off(self._recorder)
        logger.warning("KV events are %s", "kept from now on" if on else "no longer kept")

    async def _switch_on(self) -> None:
        from dynamo.worker.planes.durable_events.connection import why_unusable

        reason = await why_unusable(self._plan.runtime.nats)
        if reason:
            server = self._plan.runtime.nats["NATS_SERVER"]
            raise RefusedError(f"nats.server = {server} cannot keep KV events: {reason}")
        self._record()

    async def _switch_off(self, recorder: "Recorder") -> None:
        from dynamo.worker.planes.durable_events.retelling import Retold

        await recorder.close()
        self._recorder = None
        if self._local_indexer:
            return
        for each in self._relays:
            each.shutdown()
        self._relays, self._local_indexer = [], True
        # What the engine said before is known here only.
        self._retold = [
            Retold(source, self._relay, rank.outbox.blocks, rank.outbox.next)
            for source, rank in zip(self.sources, recorder.ranks, strict=True)
        ]

    def _record(self) -> None:
        from dynamo.worker.planes.durable_events.messages import Names
        from dynamo.worker.planes.durable_events.recorder import Recorder

        place = self._plan.endpoint
        self._recorder = Recorder(
            self._plan.runtime.nats,
            Names(place.namespace, place.component),
            self._endpoint.connection_id() if self._leader is None else self._leader,
            self.sources,
        )
        self._recorder.start()

    def _relay(self, source: KvEventSource) -> Any:
        registration = self._plan.registration
        return relay(
            self._endpoint,
            source,
            self._block_size,
            self._local_indexer,
            registration.kv_state_endpoint,
            self._leader,
        )

    async def close(self) -> None:
        """Stop publishing; the engine still runs and the runtime is still there."""
        for each in self._relays:
            each.shutdown()
        for retold in self._retold:
            await retold.close()
        if self._recorder is not None:
            await self._recorder.close()
        if self._load is not None:
            self._load.cancel()
            with suppress(asyncio.CancelledError):
                await self._load
