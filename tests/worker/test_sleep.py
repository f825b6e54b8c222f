"""A worker that sleeps: out of the store, its requests finished, and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dynamo.llm.exceptions import WorkerUnavailable

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import InvalidRequestError
from dynamo.engines.mocker.engine import MockEngine
from dynamo.worker.handler import GenerateHandler
from dynamo.worker.operations import adapter_operations
from dynamo.worker.routes import answering
from dynamo.worker.sampling import Served
from dynamo.worker.sleep import SleepControl, SleepSettings
from dynamo.worker.token_mode import TokenMode
from tests.worker.test_handler import Request, body, messages


class Sleeper(MockEngine):
    """A mock engine that notes levels and fails on demand."""

    levels: list[int]
    broken = False

    async def sleep(self, level: int) -> None:
        if self.broken:
            raise InvalidRequestError("no sleep mode here")
        await super().sleep(level)
        self.levels.append(level)

    async def wake_up(self) -> None:
        if self.broken:
            raise RuntimeError("out of memory")
        await super().wake_up()


class Bench:
    """One worker's sleep, and whether routers can see it."""

    def __init__(self, engine: Sleeper, handler: GenerateHandler, settings: SleepSettings) -> None:
        self.engine, self.handler = engine, handler
        self.visible = True
        control = SleepControl(engine, handler, self.hide, self.show, settings)
        self.sleep = answering("sleep", control.sleep)
        self.wake_up = answering("wake_up", control.wake_up)

    async def hide(self) -> None:
        self.visible = False

    async def show(self) -> None:
        self.visible = True


@asynccontextmanager
async def bench(**settings: Any) -> AsyncIterator[Bench]:
    engine = Sleeper(EnginePlan("mocker", "1", "cpu", {"decode_step_seconds": 0.0001}, {}))
    engine.levels = []
    handler = GenerateHandler(engine, TokenMode(Served(await engine.start())))
    try:
        yield Bench(engine, handler, SleepSettings(**settings))
    finally:
        await engine.stop()


@pytest.mark.parametrize(
    ("default", "asked", "level"),
    [(1, {}, 1), (2, {}, 2), (2, {"level": 1}, 1), (1, {"level": 3}, 3)],
)
async def test_r113_the_configured_level_holds_unless_the_request_names_one(
    default: int, asked: dict[str, Any], level: int
) -> None:
    async with bench(level=default) as one:
        told = await one.sleep(asked)
        assert (told["status"], told["level"]) == ("success", level)
        assert one.engine.levels == [level]


async def test_r113_a_sleeping_worker_is_out_of_the_store_and_a_woken_one_back() -> None:
    async with bench() as one:
        await one.sleep({})
        assert (one.visible, await one.engine.is_sleeping()) == (False, True)
        with pytest.raises(WorkerUnavailable, match="asleep"):
            await messages(one.handler, body())
        assert (await one.wake_up({}))["status"] == "success"
        assert (one.visible, await one.engine.is_sleeping()) == (True, False)
        assert (await messages(one.handler, body()))[-1]["finish_reason"] == "length"


async def test_r113_requests_in_flight_are_finished_first() -> None:
    async with bench() as one:
        answers = [
            asyncio.ensure_future(messages(one.handler, body(max_tokens=50), Request(str(number))))
            for number in range(5)
        ]
        await asyncio.sleep(0.001)
        assert (await one.sleep({}))["status"] == "success"
        assert [each.result()[-1]["finish_reason"] for each in answers] == ["length"] * 5


@pytest.mark.parametrize("level", [0, 4, -1, "deep", True, 1.5, [1]])
async def test_r114_a_level_that_does_not_exist_is_told_and_changes_nothing(level: Any) -> None:
    async with bench() as one:
        assert (await one.sleep({"level": level}))["status"] == "error"
        assert (one.visible, one.engine.levels) == (True, [])


async def test_r114_an_engine_that_cannot_sleep_is_told_and_serves_on() -> None:
    async with bench() as one:
        one.engine.broken = True
        assert await one.sleep({}) == {"status": "error", "message": "no sleep mode here"}
        assert one.visible
        assert await messages(one.handler, body())


async def test_r114_an_engine_that_cannot_wake_is_told_and_stays_out_of_the_store() -> None:
    async with bench() as one:
        await one.sleep({})
        one.engine.broken = True
        told = await one.wake_up({})
        assert (told["status"], "out of memory" in told["message"]) == ("error", True)
        assert not one.visible
        one.engine.broken = False
        assert (await one.wake_up({}))["status"] == "success"


async def test_r114_requests_that_do_not_end_in_time_keep_the_worker_awake() -> None:
    async with bench(drain_seconds=0.01) as one:
        long = asyncio.ensure_future(messages(one.handler, body(max_tokens=2000)))
        await asyncio.sleep(0.005)
        told = await one.sleep({})
        assert told == {"status": "error", "message": "requests are still in flight: 1"}
        assert one.visible
        assert (await long)[-1]["finish_reason"] == "length"


async def test_sleeping_twice_and_waking_twice_is_no_error() -> None:
    async with bench() as one:
        assert (await one.wake_up({}))["message"] == "awake already"
        told = await asyncio.gather(one.sleep({}), one.sleep({"level": 2}))
        assert {each["status"] for each in told} == {"success"}
        assert one.engine.levels == [1]


async def test_a_canary_finds_a_sleeping_worker_well() -> None:
    async with bench() as one:
        await one.sleep({})
        canary = {**body(), "_HEALTH_CHECK": True}
        assert (await messages(one.handler, canary))[-1]["finish_reason"] == "stop"


async def test_a_sleeping_worker_takes_no_adapters_and_one_that_takes_them_does_not_sleep() -> None:
    async with bench() as one:
        load = answering("load", adapter_operations(None, one.handler)["load_lora"])
        await one.sleep({})
        assert (await load({}))["message"] == "the worker is asleep"
        await one.wake_up({})
        assert "DYN_LORA_ENABLED" in (await load({}))["message"]
        with one.handler.occupied():
            sleeping = asyncio.ensure_future(one.sleep({}))
            await asyncio.sleep(0.01)
            assert one.engine.levels == [1]
        assert (await sleeping)["status"] == "success"
