"""Notice an engine that lives and gives nothing: requests would wait for ever."""

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynamo.worker.handler import GenerateHandler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


async def watch_progress(handler: "GenerateHandler", limit_seconds: float) -> None:
    """Return when requests have waited for the engine that long without any chunk; 0 is never.

    A client that reads slowly is no stall: only what the engine owes counts.
    """
    clock = asyncio.get_running_loop().time
    chunks, since = handler.chunks, clock()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if handler.chunks != chunks or not handler.cancellations.engine_owes():
            chunks, since = handler.chunks, clock()
        elif limit_seconds and clock() - since >= limit_seconds:
            text = "the engine is stuck: requests wait, and nothing came for %.0f s"
            logger.error(text, clock() - since)
            return
