"""A real vLLM engine says which blocks its KV cache holds."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dynamo.engines.vllm.kv_events import SOCKET
from tests.e2e.engines import request, started_engine, tokens
from tests.engines.zmq_events import replay

pytestmark = pytest.mark.e2e

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
