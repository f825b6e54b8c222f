"""Which adapters an engine holds, and when they leave it."""

import asyncio

import pytest

from dynamo.engines.adapter_slots import Adapter, AdapterSlots
from dynamo.engines.base import InvalidRequestError


class Weights:
    """An engine's side: what it holds, and a failure on demand."""

    def __init__(self) -> None:
        self.held: list[Adapter] = []
        self.broken = False

    async def add(self, adapter: Adapter) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise InvalidRequestError("bad files")
        self.held.append(adapter)

    async def remove(self, adapter: Adapter) -> None:
        await asyncio.sleep(0)
        self.held.remove(adapter)

    def slots(self, capacity: int = 2) -> AdapterSlots:
        return AdapterSlots(capacity, self.add, self.remove)


async def test_the_base_model_needs_no_slot() -> None:
    with Weights().slots(0).using(None) as adapter:
        assert adapter is None


async def test_an_unknown_adapter_is_the_clients_fault() -> None:
    slots = Weights().slots()
    with pytest.raises(InvalidRequestError, match="'a'"), slots.using("a"):
        pass
    with pytest.raises(InvalidRequestError, match="'a'"):
        await slots.unload("a")


async def test_more_than_fit_are_refused_also_at_the_same_time() -> None:
    weights = Weights()
    slots = weights.slots(2)
    loads = (slots.load(name, number, "/d") for number, name in enumerate("abc", 1))
    done = await asyncio.gather(*loads, return_exceptions=True)
    assert [type(each) for each in done] == [type(None), type(None), InvalidRequestError]
    assert len(weights.held) == 2


async def test_a_failed_load_gives_its_slot_back() -> None:
    weights = Weights()
    slots = weights.slots(1)
    weights.broken = True
    with pytest.raises(InvalidRequestError, match="bad files"):
        await slots.load("a", 1, "/d")
    weights.broken = False
    await slots.load("a", 1, "/d")


async def test_an_adapter_in_use_stays_until_its_last_request_ends() -> None:
    weights = Weights()
    slots = weights.slots()
    await slots.load("a", 1, "/d")
    with slots.using("a"):
        unloading = asyncio.ensure_future(slots.unload("a"))
        await asyncio.sleep(0.01)
        assert len(weights.held) == 1
        with pytest.raises(InvalidRequestError), slots.using("a"):
            pass
    await unloading
    assert weights.held == []


async def test_an_unload_that_is_given_up_leaves_the_adapter_usable() -> None:
    slots = Weights().slots()
    await slots.load("a", 1, "/d")
    with slots.using("a"), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await slots.unload("a")
    with slots.using("a") as adapter:
        assert adapter is not None


async def test_a_swap_serves_new_requests_at_once_and_old_ones_to_their_end() -> None:
    weights = Weights()
    slots = weights.slots()
    await slots.load("a", 1, "/old")
    with slots.using("a") as old:
        await slots.load("a", 1, "/new")
        with slots.using("a") as new:
            assert old is not None
            assert new is not None
            assert (old.directory, new.directory) == ("/old", "/new")
            assert old.adapter_id != new.adapter_id
            assert (old.generation, new.generation) == (0, 1)
    await asyncio.sleep(0.01)
    assert [adapter.directory for adapter in weights.held] == ["/new"]
