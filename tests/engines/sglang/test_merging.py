"""Several choices of one request come as one stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from dynamo.engines.base import Chunk
from dynamo.engines.sglang.merging import merged


class Source:
    """A stream of chunks that notes how it ended."""

    def __init__(self, index: int, tokens: int, error: Exception | None = None) -> None:
        self._index, self._tokens, self._error = index, tokens, error
        self.closed = False

    async def chunks(self) -> AsyncGenerator[Chunk]:
        try:
            for token in range(self._tokens):
                await asyncio.sleep(0)
                yield Chunk([token], self._index)
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


async def test_every_chunk_of_every_stream_comes_in_its_order() -> None:
    sources = [Source(0, 3), Source(1, 0), Source(2, 5)]
    found = [chunk async for chunk in merged([source.chunks() for source in sources])]
    for index, count in ((0, 3), (1, 0), (2, 5)):
        assert [c.token_ids for c in found if c.index == index] == [[n] for n in range(count)]


async def test_closing_it_closes_all() -> None:
    sources = [Source(0, 10**9), Source(1, 10**9)]
    async with aclosing(merged([source.chunks() for source in sources])) as chunks:
        await anext(chunks)
    assert all(source.closed for source in sources)


async def test_the_first_failure_ends_all() -> None:
    sources = [Source(0, 10**9), Source(1, 1, ValueError("bad"))]
    with pytest.raises(ValueError, match="bad"):
        [_ async for _ in merged([source.chunks() for source in sources])]
    assert all(source.closed for source in sources)
