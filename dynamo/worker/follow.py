"""Run data-parallel ranks whose requests come through another process, which leads (R105).

No endpoint, no model, no frontend: the leader's engine reaches this one by itself. Their KV events
are published here, in the leader's name, since routers send requests to it.
"""

import asyncio
import gc
import time
from contextlib import AsyncExitStack
from pathlib import Path

from dynamo.config.plan import LaunchPlan, RankGroup
from dynamo.engines.registry import build_following, with_model
from dynamo.worker.engine_start import start_engine
from dynamo.worker.messages import say
from dynamo.worker.shutdown import Reason, StopSignal, until_end, watch_engine


async def follow(plan: LaunchPlan, group: RankGroup, directory: Path) -> Reason:
    """Run until a signal, the end of the engine, or that of the leader, whom none can rejoin."""
    started = time.monotonic()
    stop = StopSignal()
    engine = build_following(with_model(plan.engine, directory))
    say(f"starting ranks of {plan.engine.backend} {plan.engine.version} led at {group.address} ...")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.stop)
        info = await start_engine(engine, stop)
        if info is None:
            return Reason.ASKED if stop.asked.is_set() else Reason.FAILED
        # The engine first: it forks processes, and the runtime starts threads when imported.
        from dynamo.worker.follower import Follower

        follower = Follower(plan, group, engine, info)
        stack.push_async_callback(follower.close)
        gc.freeze()
        joining = asyncio.ensure_future(follower.join(started))
        watches = (watch_engine(engine), follower.watch_leader())
        reason = await until_end(watches, [], stop, joining)
        joining.cancel()
        return reason
