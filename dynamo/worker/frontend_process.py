"""The OpenAI frontend as a process of its own; workers are found in the store."""

import asyncio
import logging
from typing import Any

import uvloop

from dynamo.config.plan import FrontendPlan, LaunchPlan
from dynamo.worker.frontend_drain import finish_accepted
from dynamo.worker.listing import base_url, wait_until_listening
from dynamo.worker.serve import set_environment
from dynamo.worker.shutdown import Reason, StopSignal, drain_seconds, log_failure

logger = logging.getLogger(__name__)


def serve_frontend(plan: LaunchPlan) -> int:
    """Run until a signal or a failure; returns the exit status.

    Raises:
        ValueError: the plan has no frontend.
    """
    if plan.frontend is None:
        raise ValueError("the plan has no frontend")
    set_environment(plan)
    return uvloop.run(_serve(plan, plan.frontend)).value


async def _finish_accepted(frontend: FrontendPlan) -> None:
    try:
        await finish_accepted(frontend)
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        logger.warning("cannot see when all requests are answered: %s", error)


async def _serve(plan: LaunchPlan, frontend: FrontendPlan) -> Reason:
    # The runtime wheel reads the environment when it is imported.
    from dynamo.worker.distributed import distributed_runtime
    from dynamo.worker.frontend import start_frontend
    from dynamo.worker.planes.http.forwarding import Forwarding

    stop = StopSignal()
    runtime, http, forwarding = distributed_runtime(plan), plan.runtime.http, None
    if http is not None:
        forwarding = await Forwarding.start(runtime, plan, http)
    # R19: fleets that share one store are apart; the runtime takes `dynamo` for all namespaces.
    namespace = forwarding.namespace if forwarding else plan.endpoint.namespace
    listening = await start_frontend(runtime, plan, frontend, namespace)
    await wait_until_listening(frontend)
    print(f"ready: frontend on {base_url(frontend)}", flush=True)
    asked = asyncio.ensure_future(stop.asked.wait())
    ends: list[asyncio.Future[Any]] = [asked, listening]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if listening.done():
        log_failure("the frontend ended by itself", listening)
    accepted = asyncio.ensure_future(_finish_accepted(frontend))
    urgent = asyncio.ensure_future(stop.urgent.wait())
    ends = [urgent, listening, accepted]
    await asyncio.wait(ends, timeout=drain_seconds(plan), return_when=asyncio.FIRST_COMPLETED)
    accepted.cancel()
    runtime.shutdown()
    ends = [urgent, listening]
    await asyncio.wait(ends, timeout=drain_seconds(plan), return_when=asyncio.FIRST_COMPLETED)
    urgent.cancel()
    if forwarding is not None:
        await forwarding.close()
    return Reason.ASKED if stop.asked.is_set() else Reason.FAILED
