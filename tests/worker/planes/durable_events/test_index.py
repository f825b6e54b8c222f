"""A reader of the stream ends with the exact blocks, whatever it reads twice or has to skip."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.worker.planes.durable_events.index import BlockIndex, RankLog
from dynamo.worker.planes.durable_events.messages import (
    Batches,
    Ended,
    Names,
    Rank,
    checkpoint,
    read,
    write,
)
from tests.worker.planes.durable_events.caches import SIZE, PlainCache
from tests.worker.planes.durable_events.test_blocks import ACTIONS, act, applied

RANK = Rank(17, 1)


def messages(payloads: list[bytes], checkpoints: set[int], limit: int) -> list[bytes]:
    """Return what a writer sends: each batch alone, and checkpoints after some of them."""
    sent = []
    for number, payload in enumerate(payloads):
        sent.append(write(Batches("a", number, (payload,))))
        if number in checkpoints:
            held = applied(payloads[: number + 1]).held()
            sent += [write(part) for part in checkpoint("a", number + 1, True, held, limit)]
    return sent


@settings(max_examples=30)
@given(ACTIONS, st.data())
def test_what_is_read_again_or_late_changes_nothing(
    actions: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    cache = PlainCache()
    payloads = [act(cache, action) for action in actions]
    points = data.draw(st.sets(st.integers(0, max(0, len(payloads) - 1))))
    limit = data.draw(st.integers(1, 400))
    sent = messages(payloads, points, limit)
    index = BlockIndex()
    for position, message in enumerate(sent):
        index.take(RANK, read(message))
        for again in data.draw(st.lists(st.integers(0, position), max_size=2)):
            if isinstance(read(sent[again]), Batches):
                index.take(RANK, read(sent[again]))
    expected = applied(payloads)
    if payloads:
        assert index.ranks[RANK].blocks == expected
        assert index.ranks[RANK].exact
    prompt = (0,) * 4 * SIZE
    assert index.overlaps(prompt).get(RANK, 0) == cache.overlap(prompt)


@settings(max_examples=30)
@given(ACTIONS.filter(lambda actions: len(actions) > 3), st.data())
def test_who_begins_at_a_checkpoint_knows_the_same(
    actions: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    cache = PlainCache()
    payloads = [act(cache, action) for action in actions]
    point = data.draw(st.integers(0, len(payloads) - 1))
    sent = messages(payloads, {point}, 100)
    late = BlockIndex()
    for message in sent[point + 1 :]:
        late.take(RANK, read(message))
    assert late.ranks[RANK].blocks == applied(payloads)
    assert not late.behind


def log_with(payloads: list[bytes], *numbers: int) -> RankLog:
    log = RankLog()
    for number in numbers:
        log.take(Batches("a", number, (payloads[number],)))
    return log


@pytest.fixture
def payloads() -> list[bytes]:
    cache = PlainCache()
    return [act(cache, ("store", (number, number))) for number in range(5)]


def test_a_gap_is_noticed_and_closed_by_a_checkpoint(payloads: list[bytes]) -> None:
    log = log_with(payloads, 0, 1, 3)
    assert (log.behind, log.exact, log.gaps, log.next) == (True, False, 1, 2)
    assert log.blocks == applied(payloads[:2])
    (part,) = checkpoint("a", 4, True, applied(payloads[:4]).held(), 10**6)
    assert log.take(part) is None
    assert log.take(Batches("a", 4, (payloads[4],))) == [payloads[4]]
    assert (log.behind, log.exact) == (False, True)
    assert log.blocks == applied(payloads)


def test_duplicates_are_counted_and_dropped(payloads: list[bytes]) -> None:
    log = log_with(payloads, 0, 1, 1, 0)
    assert (log.duplicates, log.next) == (2, 2)
    assert log.take(Batches("a", 1, tuple(payloads[1:3]))) == [payloads[2]]


def test_what_the_writer_lost_is_no_longer_called_exact(payloads: list[bytes]) -> None:
    log = log_with(payloads, 0, 1)
    (part,) = checkpoint("a", 5, False, (), 10**6)
    assert log.take(part) is None
    assert (len(log.blocks), log.exact, log.behind, log.next) == (0, False, False, 5)


def test_another_publisher_begins_with_an_empty_cache(payloads: list[bytes]) -> None:
    log = log_with(payloads, 0, 1, 2)
    log.take(Batches("b", 0, (payloads[4],)))
    assert log.blocks == applied(payloads[4:])


def test_a_worker_that_ended_or_died_is_forgotten(payloads: list[bytes]) -> None:
    index = BlockIndex()
    for worker in (1, 2, 3):
        index.take(Rank(worker), Batches("a", 0, (payloads[0],)))
    index.take(Rank(1), Ended("an earlier one"))
    assert index.overlaps((0, 0)) == {Rank(1): 1, Rank(2): 1, Rank(3): 1}
    index.take(Rank(1), Ended("a"))
    index.forget({2})
    assert index.overlaps((0, 0)) == {Rank(3): 1}


def test_every_rank_has_a_subject_of_its_own() -> None:
    names = Names("dynamo", "backend")
    assert names.subject(RANK) == "kv_events.dynamo.backend.rank.11.1"
    assert names.rank(names.subject(RANK)) == RANK
    assert names.wish(RANK) != names.subject(RANK)


@given(st.binary(max_size=30))
def test_other_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="no message about KV events"):
        read(data)
