"""Several streams of chunks as one, in the order in which chunks come."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from dynamo.engines.base import Chunk


async def merged(streams: Sequence[AsyncGenerator[Chunk]]) -> AsyncGenerator[Chunk]:
    """Yield every chunk of every stream; closing this one closes all of them.

    Raises:
        Exception: the first that a stream raised; the others are closed.
    """
    steps = {asyncio.ensure_future(anext(stream)): stream for stream in streams}
    try:
        while steps:
            done, _ = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
            for step in done:
                stream = steps.pop(step)
                try:
                    chunk = step.result()
                except StopAsyncIteration:
                    continue
                steps[asyncio.ensure_future(anext(stream))] = stream
                yield chunk
    finally:
        for step in steps:
            step.cancel()
        await asyncio.gather(*steps, return_exceptions=True)
        for stream in streams:
            await stream.aclose()
