"""The blocks that events tell of are those that the cache holds."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.worker.planes.durable_events.blocks import CacheBlocks, overlap
from dynamo.worker.planes.durable_events.events import (
    AllBlocksCleared,
    BlockRemoved,
    BlockStored,
    Place,
    read_batch,
    write_batch,
)
from tests.worker.planes.durable_events.caches import SIZE, PlainCache

PROMPTS = st.lists(st.integers(0, 1), min_size=SIZE, max_size=4 * SIZE).map(
    lambda tokens: tuple(tokens[: len(tokens) // SIZE * SIZE])
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), PROMPTS),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("clear")),
    ),
    max_size=25,
)


def act(cache: PlainCache, action: tuple[Any, ...]) -> bytes:
    """Let the cache do something; return what its engine publishes."""
    return write_batch(0.0, getattr(cache, action[0])(*action[1:]), 0)


def applied(payloads: list[bytes]) -> CacheBlocks:
    blocks = CacheBlocks()
    for payload in payloads:
        for event in read_batch(payload):
            blocks.apply(event)
    return blocks


@settings(max_examples=30)
@given(ACTIONS, PROMPTS)
def test_any_history_leads_to_the_blocks_that_are_held(
    actions: list[tuple[Any, ...]], prompt: tuple[int, ...]
) -> None:
    cache = PlainCache()
    blocks = applied([act(cache, action) for action in actions])
    assert len(blocks) == len(+cache.held)
    assert overlap(blocks, prompt, SIZE) == cache.overlap(prompt)
    again = CacheBlocks()
    again.load(blocks.held())
    assert again == blocks
    again.load(list(blocks.in_order()))
    assert again == blocks


def test_parents_come_before_their_children() -> None:
    cache = PlainCache()
    blocks = applied([act(cache, ("store", tuple(range(200))))])
    hashes = [None, *(block.block_hash for block, _ in blocks.in_order())]
    assert [block.parent for block, _ in blocks.in_order()] == hashes[:-1]


def test_a_block_that_is_held_twice_is_there_until_both_are_gone() -> None:
    cache = PlainCache()
    payloads = [act(cache, ("store", (1, 1))), act(cache, ("store", (1, 1)))]
    payloads.append(act(cache, ("remove", 0)))
    assert overlap(applied(payloads), (1, 1), SIZE) == 1
    payloads.append(act(cache, ("remove", 0)))
    assert overlap(applied(payloads), (1, 1), SIZE) == 0


def test_adapters_media_and_tiers_are_told_apart() -> None:
    blocks = CacheBlocks()
    gpu, cpu = Place("GPU", 0), Place("CPU", 0)
    blocks.apply(BlockStored((1,), None, (5, 6), 2, gpu))
    blocks.apply(BlockStored((1,), None, (5, 6), 2, cpu))
    blocks.apply(BlockStored((2,), None, (7, 8), 2, gpu, "sql", (("sql",),)))
    blocks.apply(BlockStored((3,), None, (9, 9), 2, gpu, None, (("picture",),)))
    assert overlap(blocks, (7, 8), 2) == 0
    assert overlap(blocks, (7, 8), 2, "sql") == 1
    assert overlap(blocks, (9, 9), 2) == 0
    blocks.apply(BlockRemoved((1,), gpu))
    assert overlap(blocks, (5, 6), 2) == 1
    blocks.apply(BlockRemoved((1,), cpu))
    assert overlap(blocks, (5, 6), 2) == 0


def test_a_block_after_an_unknown_one_is_held_but_never_matched() -> None:
    blocks = CacheBlocks()
    blocks.apply(BlockStored((2,), 1, (5, 6), 2))
    assert len(blocks) == 1
    assert overlap(blocks, (5, 6), 2) == 0
    blocks.apply(BlockRemoved((2, 7)))
    assert len(blocks) == 0


@pytest.mark.parametrize(
    "event",
    [
        ["BlockStored", [1], None, [5, 6], 2, None, "GPU", None],
        {"type": "BlockStored", "block_hashes": [1], "parent_block_hash": None,
         "token_ids": [5, 6], "block_size": 2, "lora_id": None, "medium": "GPU", "lora_name": None},
    ],
)  # fmt: skip
def test_both_forms_in_which_engines_write_events_are_read(event: Any) -> None:
    payload = msgspec.msgpack.encode([1.0, [event], 0])
    assert read_batch(payload) == [BlockStored((1,), None, (5, 6), 2, Place("GPU"))]


def test_an_emptied_cache_is_read() -> None:
    assert read_batch(msgspec.msgpack.encode([1.0, [["AllBlocksCleared"]], 0])) == [
        AllBlocksCleared()
    ]


@given(st.binary(max_size=30))
def test_other_bytes_are_a_value_error(data: bytes) -> None:
    try:
        read_batch(data)
    except ValueError:
        return
    assert msgspec.msgpack.decode(data)[1] in ([], {}, "", b"")
