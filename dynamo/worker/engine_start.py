"""Start an engine, unless a signal comes first."""

import asyncio
import logging

from dynamo.engines.base import EngineInfo, EngineProcess
from dynamo.worker.messages import say
from dynamo.worker.shutdown import StopSignal

logger = logging.getLogger(__name__)


async def start_engine(engine: EngineProcess, stop: StopSignal) -> EngineInfo | None:
    """Start the engine; None when a signal came first or the start failed, which is logged."""
    start = asyncio.ensure_future(engine.start())
    asked = asyncio.ensure_future(stop.asked.wait())
    await asyncio.wait([start, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not start.done():
        start.cancel()
        await asyncio.wait([start])
        return None
    try:
        return start.result()
    except Exception as error:
        logger.debug("the engine's start failed", exc_info=error)
        say(f"error: the engine did not start: {error}")
        return None
