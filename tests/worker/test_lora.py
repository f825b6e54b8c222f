"""Adapters of a worker: in the engine and published, or neither, whatever happens."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import GenerateRequest, InvalidRequestError
from dynamo.engines.mocker.engine import MockEngine
from dynamo.worker.lora import Adapters, AdapterSettings, adapter_routes
from dynamo.worker.routes import RefusedError, answering

BASE = "base"


class Models:
    """What frontends would list, and failures on demand."""

    def __init__(self) -> None:
        self.listed: set[str] = set()
        self.fails: set[str] = set()
        self.seconds = 0.0

    def adapter_id(self, name: str) -> int:
        return sum(map(ord, name))

    async def publish(self, name: str) -> None:
        await asyncio.sleep(self.seconds)
        if "publish" in self.fails:
            raise RuntimeError("the store is gone")
        self.listed.add(name)

    async def withdraw(self, name: str) -> None:
        if "withdraw" in self.fails:
            raise RuntimeError("the store is gone")
        self.listed.discard(name)


class Bench:
    """The adapters of a mock engine, with everything around them."""

    def __init__(self, engine: MockEngine, **settings: Any) -> None:
        self.engine = engine
        self.models = Models()
        self.fetched: list[str] = []
        self.adapters = Adapters(engine, self.models, self.fetch, AdapterSettings(BASE, **settings))
        self.routes = {
            name: answering(name, route) for name, route in adapter_routes(self.adapters).items()
        }

    async def fetch(self, uri: str) -> str:
        self.fetched.append(uri)
        await asyncio.sleep(0)
        return uri.removeprefix("file://")

    async def load(self, name: str, uri: object) -> dict[str, Any]:
        return await self.routes["load_lora"]({"lora_name": name, "source": {"uri": uri}})

    async def unload(self, name: str) -> dict[str, Any]:
        return await self.routes["unload_lora"]({"lora_name": name})

    async def loaded(self) -> Mapping[str, int]:
        answer = await self.routes["list_loras"]({})
        assert answer["status"] == "success"
        assert answer["count"] == len(answer["loras"])
        found: Mapping[str, int] = answer["loras"]
        return found

    async def tokens(self, name: str | None) -> list[int]:
        asked = GenerateRequest(f"{name}-{random.random()}", [1, 2], 12, lora_name=name)
        return [token async for chunk in self.engine.generate(asked) for token in chunk.token_ids]

    async def in_engine(self, name: str) -> bool:
        try:
            return bool(await self.tokens(name))
        except InvalidRequestError:
            return False


@asynccontextmanager
async def bench(max_loras: int = 5, **settings: Any) -> AsyncIterator[Bench]:
    arguments = {"enable_lora": True, "max_loras": max_loras, "decode_step_seconds": 0.0001}
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", arguments, {}))
    assert (await engine.start()).max_adapters == max_loras
    try:
        yield Bench(engine, **settings)
    finally:
        await engine.stop()


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Return directories that look like adapters."""
    for number in range(2):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "adapter_config.json").write_text("{}")
    return [str(tmp_path / str(number)) for number in range(2)]


async def test_r135_r139_a_loaded_adapter_is_in_the_engine_and_on_the_list(
    sources: list[str],
) -> None:
    async with bench() as all_of:
        answer = await all_of.load("a", sources[0])
        assert answer == {
            "status": "success", "message": "adapter 'a' is loaded", "lora_name": "a",
            "lora_id": ord("a"),
        }  # fmt: skip
        assert all_of.models.listed == {"a"}
        assert await all_of.tokens("a") != await all_of.tokens(None)


async def test_r137_a_second_load_succeeds_without_work(sources: list[str]) -> None:
    async with bench() as all_of:
        answers = await asyncio.gather(*(all_of.load("a", sources[0]) for _ in range(5)))
        assert {answer["status"] for answer in answers} == {"success"}
        assert len(all_of.fetched) == 1


async def test_a_directory_and_its_file_address_are_the_same_source(sources: list[str]) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        assert (await all_of.load("a", f"file://{sources[0]}"))["status"] == "success"
        assert all_of.fetched == [f"file://{sources[0]}"]


async def test_r137_another_source_is_refused_unless_hot_swap_is_on(sources: list[str]) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        refused = await all_of.load("a", sources[1])
        assert refused["status"] == "error"
        assert "lora.hotswap_enabled" in refused["message"]
    async with bench(hot_swap=True) as all_of:
        await all_of.load("a", sources[0])
        assert (await all_of.load("a", sources[1]))["status"] == "success"
        assert (await all_of.unload("a"))["status"] == "success"
        assert (all_of.models.listed, await all_of.in_engine("a")) == (set(), False)


async def test_r137_an_adapter_that_is_not_loaded_cannot_be_unloaded() -> None:
    async with bench() as all_of:
        assert (await all_of.unload("a")) == {
            "status": "error", "message": "no adapter 'a' is loaded",
        }  # fmt: skip


async def test_r138_without_adapters_every_answer_says_how_to_get_them() -> None:
    for name, route in adapter_routes(None).items():
        answer = await answering(name, route)({"lora_name": "a"})
        assert answer["status"] == "error"
        assert "DYN_LORA_ENABLED" in answer["message"]


async def test_r139_what_cannot_be_published_does_not_stay_in_the_engine(
    sources: list[str],
) -> None:
    async with bench() as all_of:
        all_of.models.fails = {"publish"}
        answer = await all_of.load("a", sources[0])
        assert (answer["status"], "cannot be published" in answer["message"]) == ("error", True)
        assert "the store is gone" in answer["message"]
        assert (await all_of.loaded(), await all_of.in_engine("a")) == ({}, False)
        all_of.models.fails = set()
        assert (await all_of.load("a", sources[0]))["status"] == "success"


async def test_r139_what_the_engine_refuses_is_not_published(sources: list[str]) -> None:
    async with bench(max_loras=1) as all_of:
        await all_of.load("a", sources[0])
        answer = await all_of.load("b", sources[0])
        assert "holds 1 adapters at a time" in answer["message"]
        assert all_of.models.listed == set(await all_of.loaded()) == {"a"}


async def test_r140_unloading_withdraws_and_removes(sources: list[str]) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        assert (await all_of.unload("a"))["lora_id"] == ord("a")
        assert (all_of.models.listed, await all_of.loaded()) == (set(), {})
        assert not await all_of.in_engine("a")


async def test_r140_requests_in_flight_finish_before_their_adapter_goes(
    sources: list[str],
) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        asked = GenerateRequest("long", [1], 400, lora_name="a")
        stream = all_of.engine.generate(asked)
        await anext(stream)
        unloading = asyncio.ensure_future(all_of.unload("a"))
        rest = [chunk async for chunk in stream]
        assert rest[-1].finish_reason == "length"
        assert (await unloading)["status"] == "success"


async def test_r140_an_adapter_in_use_for_too_long_stays_as_it_was(sources: list[str]) -> None:
    async with bench(drain_seconds=0.01) as all_of:
        await all_of.load("a", sources[0])
        stream: Any = all_of.engine.generate(GenerateRequest("long", [1], 4000, lora_name="a"))
        async with aclosing(stream):
            await anext(stream)
            answer = await all_of.unload("a")
            assert answer["message"] == "requests still use adapter 'a'"
            assert (all_of.models.listed, await all_of.in_engine("a")) == ({"a"}, True)


async def test_r140_what_cannot_be_withdrawn_stays_loaded(sources: list[str]) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        all_of.models.fails = {"withdraw"}
        assert (await all_of.unload("a"))["status"] == "error"
        assert (set(await all_of.loaded()), await all_of.in_engine("a")) == ({"a"}, True)


async def test_r141_the_list_has_names_ids_and_their_number(sources: list[str]) -> None:
    async with bench() as all_of:
        await all_of.load("b", sources[0])
        await all_of.load("a", sources[1])
        answer = await all_of.routes["list_loras"]({})
    assert answer == {"status": "success", "loras": {"a": 97, "b": 98}, "count": 2}


async def test_r142_a_models_name_means_an_adapter_the_base_model_or_nothing(
    sources: list[str],
) -> None:
    async with bench() as all_of:
        await all_of.load("a", sources[0])
        assert [all_of.adapters.named(name) for name in ("a", BASE, None)] == ["a", None, None]
        with pytest.raises(InvalidRequestError, match="'zz'"):
            all_of.adapters.named("zz")


def bad_loads() -> Iterator[tuple[dict[str, Any], str]]:
    yield {}, "lora_name is missing"
    yield {"lora_name": 7}, "lora_name is missing"
    yield {"lora_name": " "}, "lora_name is missing"
    yield {"lora_name": BASE}, "base model's name"
    yield {"lora_name": "a"}, "source.uri is missing"
    yield {"lora_name": "a", "source": "/x"}, "source.uri is missing"
    yield {"lora_name": "a", "source": {"uri": None}}, "source.uri is missing"
    yield {"lora_name": "a", "source": {"uri": "/no/such/place"}}, "holds no adapter"


@pytest.mark.parametrize(("body", "words"), list(bad_loads()))
async def test_a_wrong_load_is_told_and_changes_nothing(body: dict[str, Any], words: str) -> None:
    async with bench() as all_of:
        with pytest.raises(RefusedError, match=words):
            await all_of.adapters.load(body)
        assert await all_of.loaded() == {}


async def test_r136_operations_on_different_adapters_do_not_wait_for_each_other(
    sources: list[str],
) -> None:
    async with bench() as all_of:
        all_of.models.seconds = 0.05
        slow = asyncio.ensure_future(all_of.load("slow", sources[0]))
        while not all_of.fetched:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        all_of.models.seconds = 0
        await all_of.load("quick", sources[0])
        assert not slow.done()
        assert (await slow)["status"] == "success"


@pytest.mark.parametrize("seed", range(5))
async def test_r136_fifty_operations_at_once_on_five_adapters_end_consistently(
    sources: list[str], seed: int
) -> None:
    chance = random.Random(seed)
    async with bench(hot_swap=True, max_loras=8) as all_of:

        async def operate(name: str) -> dict[str, Any]:
            await asyncio.sleep(chance.random() / 100)
            all_of.models.fails = set(
                chance.sample(["publish", "withdraw"], k=chance.random() < 0.2)
            )
            if chance.random() < 0.6:
                return await all_of.load(name, chance.choice(sources))
            return await all_of.unload(name)

        names = [f"a{number % 5}" for number in range(50)]
        answers = await asyncio.gather(*map(operate, names))
        assert {answer["status"] for answer in answers} <= {"success", "error"}
        all_of.models.fails = set()
        loaded = set(await all_of.loaded())
        assert loaded == all_of.models.listed
        for name in set(names):
            assert await all_of.in_engine(name) == (name in loaded)
        assert not all_of.adapters._locks
        for name in loaded:
            assert (await all_of.unload(name))["status"] == "success"
        assert (all_of.models.listed, await all_of.loaded()) == (set(), {})
