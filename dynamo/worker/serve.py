"""Run a worker: engine, runtime, endpoints and frontend, from start to orderly end."""

import asyncio
import gc
import logging
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from dynamo.config.native_environment import exported_variables
from dynamo.config.plan import LaunchPlan
from dynamo.engines.registry import build_engine, with_model
from dynamo.worker.engine_start import start_engine
from dynamo.worker.follow import follow
from dynamo.worker.messages import say
from dynamo.worker.model_files import ModelUnavailableError, local_model
from dynamo.worker.shutdown import Reason, StopSignal, until_end, watch_engine
from dynamo.worker.stall import watch_progress

logger = logging.getLogger(__name__)

PROCESS_DEFAULTS = {
    # A request that fails before its first token gets a real HTTP status when it is streamed too.
    "DYN_HTTP_PRE_COMMIT_ERROR_PEEK_MS": "1000",
    # The runtime's own news, models that are not multimodal, and a listener that was closed.
    "DYN_LOG": "warn,mm_routing=error,axum::serve::listener=off,dynamo_kv_router::sequences=error",
    # Frontends read the model's files from a directory unless the user wants them served.
    "DYN_SELF_HOST_METADATA": "0",
}

LOG_OF_ONE_PROCESS = (
    "dynamo_runtime::component::client=off,dynamo_runtime::storage::kv=off,"
    "dynamo_runtime::pipeline::network::egress::push_router=error,"
    "dynamo_llm::discovery::controller=error,dynamo_llm::discovery::worker_monitor=error,"
    "dynamo_llm::kv_router::indexer::recovery::broker_zmq=off"
)
"""Where the runtime complains that watches of the store end. With `store=mem` they end because this
process does, and are complained about in whatever order models, endpoints and runtime are ended."""


def serve(plan: LaunchPlan) -> int:
    """Run until a signal or a failure; returns the exit status (R105, R116, R117)."""
    set_environment(plan)
    try:
        directory = local_model(plan.model.path, say)
    except ModelUnavailableError as error:
        print(f"error: {error}", file=sys.stderr)
        return Reason.FAILED.value
    group = plan.group
    if group is not None and not group.leads:
        return uvloop.run(follow(plan, group, directory)).value
    return uvloop.run(_serve(plan, directory)).value


def set_environment(plan: LaunchPlan) -> None:
    """Set what the runtime wheel reads when it is imported, and nothing that was overruled."""
    for overruled in exported_variables() - plan.runtime.environment.keys():
        os.environ.pop(overruled, None)
    os.environ.update(plan.runtime.environment)
    defaults = dict(PROCESS_DEFAULTS)
    if plan.runtime.store == "mem":
        defaults["DYN_LOG"] += f",{LOG_OF_ONE_PROCESS}"
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


async def _serve(plan: LaunchPlan, directory: Path) -> Reason:
    started = time.monotonic()
    stop = StopSignal()
    engine = build_engine(with_model(plan.engine, directory))
    say(f"starting {plan.engine.backend} {plan.engine.version} on {plan.engine.device} ...")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.stop)
        info = await start_engine(engine, stop)
        if info is None:
            return Reason.ASKED if stop.asked.is_set() else Reason.FAILED
        # The engine first: it forks processes, and the runtime starts threads when imported.
        from dynamo.worker.runtime import Worker

        try:
            worker = await Worker.start(plan, directory, engine, info)
        except Exception as error:
            logger.debug("the worker's start failed", exc_info=error)
            say(f"error: the worker did not start: {error}")
            return Reason.FAILED
        stack.push_async_callback(worker.close)
        # What was imported stays: searching it for garbage costs pauses, and seconds at the end.
        gc.freeze()
        announcing = asyncio.ensure_future(worker.announce(started))
        stuck = watch_progress(worker.handler, plan.engine_stall_seconds)
        watches = (watch_engine(engine), stuck)
        reason = await until_end(watches, worker.running, stop, announcing)
        announcing.cancel()
        await worker.withdraw(reason, stop)
        return reason
