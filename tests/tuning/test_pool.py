"""Engine reuse: one start per distinct engine, never two at once, nothing left behind."""

from typing import Any

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import EngineDeadError, GenerateRequest
from dynamo.engines.mocker.engine import MockEngine
from dynamo.tuning.pool import EnginePool
from dynamo.tuning.trial import Seconds
from tests.tuning.plans import engine_plan


class Workshop:
    """Builds mock engines and remembers them and the order of events."""

    def __init__(self) -> None:
        self.engines: list[MockEngine] = []
        self.events: list[str] = []

    def build(self, plan: EnginePlan) -> MockEngine:
        workshop, number = self, len(self.engines)

        class Recorded(MockEngine):
            async def start(self) -> Any:
                workshop.events.append(f"start {number}")
                return await super().start()

            async def stop(self) -> None:
                workshop.events.append(f"stop {number}")
                await super().stop()

        self.engines.append(Recorded(plan))
        return self.engines[-1]

    def before_start(self, plan: EnginePlan) -> None:
        self.events.append("log")


async def ask(engine: MockEngine, prompt: range) -> int | None:
    request = GenerateRequest(f"request-{id(prompt)}", prompt, max_tokens=1)
    return [chunk async for chunk in engine.generate(request)][-1].cached_tokens


async def test_the_same_plan_gets_the_same_engine_with_an_empty_prefix_cache() -> None:
    workshop, seconds = Workshop(), Seconds()
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        first = await pool.acquire(engine_plan(), seconds)
        await ask(workshop.engines[0], range(64))
        assert seconds.reset == 0
        assert await pool.acquire(engine_plan(), seconds) is first
        assert await ask(workshop.engines[0], range(64)) == 0
    assert seconds.reset > 0
    assert workshop.events == ["log", "start 0", "stop 0"]


async def test_another_plan_stops_the_old_engine_before_the_new_one_starts() -> None:
    workshop, seconds = Workshop(), Seconds()
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        await pool.acquire(engine_plan(max_num_seqs=1), seconds)
        live = await pool.acquire(engine_plan(max_num_seqs=2), seconds)
    assert live.info.max_num_seqs == 2
    assert workshop.events == ["log", "start 0", "stop 0", "log", "start 1", "stop 1"]


async def test_a_dead_engine_is_replaced() -> None:
    workshop, plan = Workshop(), engine_plan(fail="crash", crash_after_requests=1)
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        live = await pool.acquire(plan, Seconds())
        await ask(workshop.engines[0], range(3))
        with pytest.raises(EngineDeadError):
            await ask(workshop.engines[0], range(4))
        assert (await pool.acquire(plan, Seconds())).engine is not live.engine
    assert workshop.events == ["log", "start 0", "stop 0", "log", "start 1", "stop 1"]


async def test_an_engine_that_keeps_its_cache_busy_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dynamo.tuning.pool._RESET_PAUSE_SECONDS", 0.001)
    workshop = Workshop()
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        live = await pool.acquire(engine_plan(), Seconds())
        stream = live.engine.generate(GenerateRequest("long", range(3), max_tokens=1000))
        await anext(stream)
        assert (await pool.acquire(engine_plan(), Seconds())).engine is not live.engine


async def test_a_failed_start_leaves_nothing_and_the_next_plan_starts() -> None:
    workshop, seconds = Workshop(), Seconds()
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        with pytest.raises(RuntimeError, match="fail=start"):
            await pool.acquire(engine_plan(fail="start"), seconds)
        assert workshop.events[-1] == "stop 0"
        await pool.acquire(engine_plan(), seconds)
    assert workshop.events[3:] == ["log", "start 1", "stop 1"]


async def test_leaving_the_pool_on_an_error_stops_the_engine() -> None:
    workshop = Workshop()

    async def fail_inside() -> None:
        async with EnginePool(workshop.build, workshop.before_start) as pool:
            await pool.acquire(engine_plan(), Seconds())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert workshop.events[-1] == "stop 0"


async def test_starting_and_stopping_are_timed() -> None:
    workshop, seconds = Workshop(), Seconds()
    async with EnginePool(workshop.build, workshop.before_start) as pool:
        await pool.acquire(engine_plan(startup_seconds=0.05), seconds)
        assert seconds.engine_start >= 0.05
        assert seconds.engine_stop == 0
        await pool.discard(seconds)
        assert seconds.engine_stop > 0
