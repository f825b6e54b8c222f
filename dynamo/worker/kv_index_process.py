"""A process that knows from the stream of durable KV events who holds which block (R25).

It answers who has the beginning of a prompt, and where the workers name it as their KV state
endpoint it tells every router, also those that start later, in the workers' place.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import uvloop

from dynamo.config.plan import LaunchPlan
from dynamo.engines.capabilities import KvEventSource
from dynamo.worker.serve import set_environment
from dynamo.worker.shutdown import Reason, StopSignal, log_failure

logger = logging.getLogger(__name__)

COMPONENT = "kv_index"
LOOK_SECONDS = 1.0
"""How often the store is asked which workers are there."""
UNSEEN_LOOKS = 10
"""A worker that was never in the store is waited for so often: it writes before it registers."""


def serve_kv_index(plan: LaunchPlan) -> int:
    """Run until a signal or a failure; returns the exit status."""
    set_environment(plan)
    return uvloop.run(_serve(plan)).value


async def _serve(plan: LaunchPlan) -> Reason:
    # The runtime wheel reads the environment when it is imported.
    from dynamo.worker.distributed import distributed_runtime
    from dynamo.worker.kv_relay import relay
    from dynamo.worker.planes.durable_events.agent import Agent
    from dynamo.worker.planes.durable_events.messages import Names, Rank
    from dynamo.worker.planes.durable_events.reader import StreamReader

    stop, runtime, place = StopSignal(), distributed_runtime(plan), plan.endpoint
    workers = runtime.endpoint(place.path)
    state_endpoint = plan.registration.kv_state_endpoint

    def rank_relay(rank: Rank, block_size: int, source: KvEventSource) -> Any:
        return relay(workers, source, block_size, True, state_endpoint, rank.worker_id)

    agent = Agent(rank_relay)
    names = Names(place.namespace, place.component)
    reader = StreamReader(plan.runtime.nats, names, agent.hear)
    reading = asyncio.ensure_future(reader.run())
    serving = asyncio.ensure_future(
        runtime.endpoint(f"{place.namespace}.{COMPONENT}.overlaps").serve_endpoint(
            Answers(reader).overlaps, graceful_shutdown=True
        )
    )
    watching = asyncio.ensure_future(_forget_the_dead(reader, agent, await workers.client()))
    asked = asyncio.ensure_future(stop.asked.wait())
    caught_up = asyncio.ensure_future(reader.caught_up.wait())
    ends: list[asyncio.Future[Any]] = [asked, reading, serving, watching]
    await asyncio.wait([*ends, caught_up], return_when=asyncio.FIRST_COMPLETED)
    if caught_up.done():
        if state_endpoint is not None:
            agent.begin(reader)
        print(f"ready: who holds what of {place.path}, at {COMPONENT}.overlaps", flush=True)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in (reading, serving, watching):
        if each.done():
            log_failure("the index of KV blocks ended by itself", each)
    await agent.close()
    runtime.shutdown()
    for each in (reading, watching, asked, caught_up):
        each.cancel()
    await asyncio.gather(reading, watching, serving, return_exceptions=True)
    return Reason.ASKED if stop.asked.is_set() else Reason.FAILED


class Answers:
    """The endpoint `overlaps`."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    async def overlaps(self, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield for `token_ids`, and `lora_name`, how many first blocks each rank holds."""
        index = self._reader.index
        found = index.overlaps(request["token_ids"], request.get("lora_name"))
        yield {
            "ready": self._reader.caught_up.is_set(),
            "workers": [
                {
                    "worker_id": rank.worker_id,
                    "dp_rank": rank.dp_rank,
                    "blocks": blocks,
                    "exact": index.ranks[rank].exact,
                }
                for rank, blocks in sorted(found.items())
            ],
        }


async def _forget_the_dead(reader: Any, agent: Any, workers: Any) -> None:
    """Drop the blocks of workers that the store no longer has."""
    looks: dict[int, int] = {}
    seen: set[int] = set()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        there = set(workers.instance_ids())
        seen |= there
        for worker in {rank.worker_id for rank in reader.index.ranks} - there:
            looks[worker] = looks.get(worker, 0) + 1
            if worker in seen or looks[worker] >= UNSEEN_LOOKS:
                logger.warning("worker %x is gone, and so are its KV blocks", worker)
                reader.forget(worker)
                del looks[worker]
        await agent.tidy()
