"""The block pool: references, prefix reuse, eviction."""

from dynamo.engines.mocker.kv_cache import BlockPool, extend_block_hashes


def hashes_of(*tokens: int, block_size: int = 2) -> list[int]:
    hashes: list[int] = []
    extend_block_hashes(hashes, tokens, block_size)
    return hashes


def cached_blocks(pool: BlockPool, hashes: list[int]) -> list[int]:
    blocks = pool.allocate(len(hashes))
    assert blocks is not None
    for block, value in zip(blocks, hashes, strict=True):
        pool.publish(block, value)
    return blocks


def test_a_block_hash_covers_the_whole_prefix() -> None:
    assert hashes_of(1, 2, 3, 4)[0] == hashes_of(1, 2, 9, 9)[0]
    assert hashes_of(1, 2, 3, 4)[1] != hashes_of(9, 9, 3, 4)[1]


def test_only_full_blocks_get_a_hash_and_known_ones_are_kept() -> None:
    hashes = hashes_of(1, 2, 3)
    assert len(hashes) == 1
    extend_block_hashes(hashes, [1, 2, 3, 4], 2)
    assert hashes == hashes_of(1, 2, 3, 4)


def test_allocating_more_than_is_free_changes_nothing() -> None:
    pool = BlockPool(2)
    assert pool.allocate(3) is None
    assert pool.num_free == 2


def test_a_released_block_is_found_again_by_its_prefix() -> None:
    pool = BlockPool(4)
    hashes = hashes_of(1, 2, 3, 4)
    blocks = cached_blocks(pool, hashes)
    pool.release(blocks)
    assert pool.num_used == 0
    assert pool.acquire_cached([*hashes, 77]) == blocks
    assert pool.num_used == 2


def test_a_shared_block_stays_used_until_its_last_user_releases_it() -> None:
    pool = BlockPool(4)
    hashes = hashes_of(1, 2)
    blocks = cached_blocks(pool, hashes)
    shared = pool.acquire_cached(hashes)
    pool.release(blocks)
    assert pool.num_used == 1
    pool.release(shared)
    assert pool.num_used == 0


def test_reused_blocks_lose_their_content_from_the_end_of_the_sequence() -> None:
    pool = BlockPool(3)
    hashes = hashes_of(1, 2, 3, 4, 5, 6)
    blocks = cached_blocks(pool, hashes)
    pool.release(blocks)
    assert pool.allocate(1) == [blocks[2]]
    assert pool.acquire_cached(hashes) == blocks[:2]


def test_reset_forgets_prefixes_but_refuses_while_blocks_are_used() -> None:
    pool = BlockPool(2)
    hashes = hashes_of(1, 2)
    blocks = cached_blocks(pool, hashes)
    assert not pool.reset()
    pool.release(blocks)
    assert pool.reset()
    assert pool.acquire_cached(hashes) == []
