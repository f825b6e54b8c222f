"""A real vLLM engine says which blocks its KV cache holds."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.vllm.kv_events import SOCKET
from dynamo.worker.planes.durable_events.messages import Names, Rank
from dynamo.worker.planes.durable_events.reader import StreamReader
from dynamo.worker.planes.durable_events.recorder import Recorder
from tests.e2e.engines import chunks, request, started_engine, tokens
from tests.e2e.nats import NatsServer, until
from tests.engines.zmq_events import replay

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore"),  # vLLM's imports warn, and it leaves a socket context
]

EVENTS = {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": SOCKET}


def stored(batches: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
    events = [event for _, batch in batches for event in msgspec.msgpack.decode(batch)[1]]
    return [event for event in events if event["type"] == "BlockStored"]


def hashes(events: list[dict[str, Any]]) -> list[int]:
    return [value for event in events for value in event["block_hashes"]]


async def test_events_are_published_at_sockets_that_end_with_the_engine(smollm2: Path) -> None:
    async with started_engine(smollm2, kv_events_config=EVENTS) as (engine, info):
        (source,) = engine.kv_event_sources()
        assert source.replay_endpoint is not None
        addresses = (source.endpoint, source.replay_endpoint)
        files = [Path(address.removeprefix("ipc://")) for address in addresses]
        assert all(file.is_socket() for file in files)
        prompt = range(10, 10 + 3 * info.kv_block_size)
        await tokens(engine, request("first", prompt, max_tokens=4))
        first = stored(await replay(source))
        assert [token for event in first for token in event["token_ids"]] == list(prompt)
        assert first[0]["block_size"] == info.kv_block_size
        assert len(hashes(first)) == 3
        await tokens(engine, request("again", prompt, max_tokens=4))
        again = stored(await replay(source))
        # The last block is computed again for its last token: stored twice, removed twice.
        assert again[: len(first)] == first
        assert [event["block_hashes"] for event in again[len(first) :]] == [[hashes(first)[-1]]]
        assert await engine.reset_prefix_cache()
        assert set(engine.kv_used_blocks()) == {0}
    assert not any(file.exists() for file in files)


async def test_an_engine_without_events_has_no_source(smollm2: Path) -> None:
    async with started_engine(smollm2) as (engine, _info):
        assert engine.kv_event_sources() == []


async def test_r25_the_index_knows_what_the_engine_finds_in_its_cache(
    smollm2: Path, nats_server: NatsServer
) -> None:
    """Prompts come and go in a small cache; then each is compared with what vLLM itself finds."""
    environment = {"NATS_SERVER": nats_server.url}
    names, rank = Names("dynamo", "backend"), Rank(7)
    small = {"num_gpu_blocks_override": 40, "kv_events_config": EVENTS}
    async with started_engine(smollm2, **small) as (engine, info):
        (source,) = engine.kv_event_sources()
        recorder = Recorder(environment, names, rank.worker_id, [source])
        recorder.start()
        size = info.kv_block_size
        prompts = [[*range(100 * n + 10, 100 * n + 10 + 5 * size), 5] for n in range(14)]
        for number, prompt in enumerate(prompts + prompts[3:8]):
            await tokens(engine, request(f"fill-{number}", prompt, max_tokens=2))
        reader = StreamReader(environment, names)
        reading = asyncio.create_task(reader.run())
        found = []
        for number, prompt in reversed(list(enumerate(prompts))):
            await read_all(reader, rank, source)
            known = reader.index.overlaps(prompt)[rank]
            (*_, last) = await chunks(engine, request(f"ask-{number}", prompt, max_tokens=1))
            found.append((known, (last.cached_tokens or 0) // size))
        reading.cancel()
        await asyncio.wait([reading])
        await recorder.close()
    assert [known for known, _ in found] == [cached for _, cached in found]
    assert {0, 5} <= {known for known, _ in found}
    assert recorder.ranks[0].feed.lost == 0


async def read_all(reader: StreamReader, rank: Rank, source: KvEventSource) -> None:
    """Wait until a reader has everything that the engine has said."""
    await asyncio.sleep(0.3)
    ((*_, (last, _batch)), ranks) = await replay(source), reader.index.ranks
    await until(lambda: rank in ranks and ranks[rank].next == last + 1 and ranks[rank].exact)
