"""What a writer sends leads every reader to the blocks that the writer knows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.worker.planes.durable_events.engine_feed import Batch, Lost
from dynamo.worker.planes.durable_events.events import BlockStored, write_batch
from dynamo.worker.planes.durable_events.index import RankLog
from dynamo.worker.planes.durable_events.messages import Batches, CheckpointPart, read
from dynamo.worker.planes.durable_events.outbox import MESSAGE_BYTES, Outbox
from tests.worker.planes.durable_events.caches import PlainCache
from tests.worker.planes.durable_events.test_blocks import ACTIONS, act, applied

STEPS = st.lists(st.sampled_from(["send", "wish", "lose", "nothing"]), min_size=25, max_size=25)


def send(outbox: Outbox, *readers: RankLog) -> list[str]:
    """Write everything that waits; return the messages' ids."""
    names = []
    while (taken := outbox.take()) is not None:
        name, data, _message = taken
        names.append(name)
        for reader in readers:
            message = read(data)
            assert isinstance(message, Batches | CheckpointPart)
            reader.take(message)
    return names


@settings(max_examples=30)
@given(ACTIONS, STEPS, st.integers(1, 2000))
def test_readers_know_what_the_writer_knows(
    actions: list[tuple[Any, ...]], steps: list[str], limit: int
) -> None:
    cache, outbox, reader, names = PlainCache(), Outbox("a", limit), RankLog(), []
    number, lost = 0, False
    for action, step in zip(actions, steps, strict=False):
        if step == "lose":
            number += 3
            lost = True
            outbox.put(Lost(number))
            cache.held.clear()
        outbox.put(Batch(number, act(cache, action)))
        lost = lost and action != ("clear",)
        number += 1
        outbox.checkpoint_due = outbox.checkpoint_due or step == "wish"
        if step in ("send", "wish"):
            names += send(outbox, reader)
            assert outbox.empty
    names += send(outbox, reader)
    assert reader.blocks == outbox.blocks
    assert len(reader.blocks) == len(+cache.held)
    assert (reader.next, reader.behind, reader.exact) == (outbox.next, False, not lost)
    assert (reader.gaps, reader.duplicates) == (0, 0)
    # A late reader begins wherever the stream does, and is given a checkpoint.
    late = RankLog()
    outbox.checkpoint_due = True
    send(outbox, late)
    assert late.blocks == reader.blocks


@pytest.fixture
def batches() -> list[Batch]:
    cache = PlainCache()
    return [Batch(n, act(cache, ("store", (n, n)))) for n in range(200)]


def test_what_waits_is_sent_in_few_messages_with_ids_of_their_own(batches: list[Batch]) -> None:
    outbox = Outbox("a")
    for batch in batches[:50]:
        outbox.put(batch)
    assert send(outbox) == ["a-b0-50"]
    for batch in batches[50:]:
        outbox.put(batch)
    assert send(outbox) == ["a-b50-200"]


def test_more_than_may_wait_becomes_a_checkpoint(batches: list[Batch]) -> None:
    outbox = Outbox("a", limit=1000)
    for batch in batches:
        outbox.put(batch)
    assert outbox.overflows > 0
    assert outbox.waiting_bytes <= 1000
    reader = RankLog()
    (checkpoint,) = send(outbox, reader)
    assert checkpoint == "a-c200-0"
    assert reader.blocks == applied([batch.payload for batch in batches])


def test_a_step_too_large_for_a_message_becomes_a_checkpoint_in_parts() -> None:
    stored = [BlockStored((number,), None, (number, number), 2) for number in range(10_000)]
    large = write_batch(0.0, stored, 0)
    assert len(large) > MESSAGE_BYTES
    outbox, reader = Outbox("a"), RankLog()
    outbox.put(Batch(0, large))
    parts = send(outbox, reader)
    assert len(parts) > 1
    assert reader.blocks == applied([large])
    assert reader.exact


def test_a_batch_that_cannot_be_read_is_left_out_and_said(batches: list[Batch]) -> None:
    outbox, reader = Outbox("a"), RankLog()
    outbox.put(batches[0])
    outbox.put(Batch(1, b"\x93\x01\x91\x81\xa4type\xa3odd\x00"))
    send(outbox, reader)
    assert (reader.next, reader.exact) == (2, False)
    assert reader.blocks == applied([batches[0].payload])
