"""Ranks that another process leads, in the distributed runtime (R105).

Importing this module loads the runtime wheel, which starts threads: start the engine first.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import Metric

from dynamo.config.plan import LaunchPlan, RankGroup
from dynamo.engines.base import EngineInfo, EngineProcess
from dynamo.worker.distributed import distributed_runtime
from dynamo.worker.kv_events import KvEvents
from dynamo.worker.messages import say
from dynamo.worker.metrics import register_metrics
from dynamo.worker.rank_group import leader_path

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often the store's view of the leader is looked at."""


class Follower:
    """Finds the leader, publishes KV events in its name, and notices when it is gone."""

    def __init__(
        self, plan: LaunchPlan, group: RankGroup, engine: EngineProcess, info: EngineInfo
    ) -> None:
        self._plan, self._group, self._engine, self._info = plan, group, engine, info
        self._runtime = distributed_runtime(plan)
        self._endpoint = self._runtime.endpoint(plan.endpoint.path)
        self._leader: asyncio.Future[tuple[Any, int]] = asyncio.get_running_loop().create_future()
        self._kv_events: KvEvents | None = None
        register_metrics(plan, self._endpoint, engine, None, self._families)

    async def join(self, started: float) -> None:
        """Wait for the leader, which serves once all its ranks are up; then say that these are.

        `started` is a time.monotonic().
        """
        say(f"waiting: for the leader of {self._ranks()} at {self._group.address}")
        client = await self._runtime.endpoint(leader_path(self._plan, self._group)).client()
        leader = min(await client.wait_for_instances())
        self._kv_events = KvEvents(self._plan, self._endpoint, self._engine, self._info, leader)
        self._leader.set_result((client, leader))
        name, seconds = self._plan.model.served_name, time.monotonic() - started
        print(f"ready: {self._ranks()} of {name}, led by {leader:x} ({seconds:.1f} s)", flush=True)

    async def watch_leader(self) -> None:
        """Return when the leader that was found is gone: its engine cannot be joined again."""
        client, leader = await self._leader
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if leader not in client.instance_ids():
                logger.error("the leader at %s is gone", self._group.address)
                return

    async def close(self) -> None:
        """Stop publishing and leave the runtime; the engine still runs."""
        if self._kv_events is not None:
            await self._kv_events.close()
        self._runtime.shutdown()

    def _families(self) -> Iterable[Metric]:
        return self._kv_events.families() if self._kv_events is not None else ()

    def _ranks(self) -> str:
        first, count = self._info.data_parallel_start_rank, self._info.data_parallel_size
        return f"rank {first}" if count == 1 else f"ranks {first} to {first + count - 1}"
