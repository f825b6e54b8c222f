"""Ask an engine for KV events that it has published already."""

import asyncio

import zmq
import zmq.asyncio

from dynamo.engines.capabilities import KvEventSource


async def replay(source: KvEventSource, start: int = 0) -> list[tuple[int, bytes]]:
    """Return the batches from a sequence number on, each with its own."""
    assert source.replay_endpoint is not None
    batches: list[tuple[int, bytes]] = []
    with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as asking:
        asking.connect(source.replay_endpoint)
        await asking.send_multipart([b"", start.to_bytes(8, "big")])
        async with asyncio.timeout(30):
            while True:
                _empty, _topic, number, batch = await asking.recv_multipart()
                if int.from_bytes(number, "big", signed=True) < 0:
                    return batches
                batches.append((int.from_bytes(number, "big"), batch))
