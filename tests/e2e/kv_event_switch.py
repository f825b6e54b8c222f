"""Switch durable KV events of a whole worker with the mock engine, and ask the runtime's router.

    python -m tests.e2e.kv_event_switch MODEL_DIRECTORY NATS_SERVER on|off

Prints JSON lines: what the router finds cached for a prompt after each step.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvloop

from dynamo.config.machine import Machine
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    FrontendConfig,
    MockerBackend,
    ModelConfig,
    NatsConfig,
    RuntimeConfig,
    StoreConfig,
)
from dynamo.engines.base import GenerateRequest
from dynamo.engines.mocker.engine import MockEngine
from dynamo.launcher.planning import plan_launch
from dynamo.worker.serve import set_environment

BLOCK, BLOCKS = 16, 3


def prompt(number: int) -> list[int]:
    return [3 + (number + token) % 90 for token in range(BLOCK * BLOCKS + 1)]


async def steps(directory: Path, server: str, durable: bool) -> None:
    config = Config(
        backend=MockerBackend(engine={"vocab_size": 100, "max_model_len": 256}),
        model=ModelConfig(path=str(directory), served_name="tiny"),
        store=StoreConfig("mem"),
        event_plane=EventPlaneConfig("zmq", host="127.0.0.1"),
        frontend=FrontendConfig("none", router_mode="kv"),
        runtime=RuntimeConfig(durable_kv_events=durable, grace_period_seconds=0),
        nats=NatsConfig(server=server),
    )
    plan = plan_launch(config, Machine())
    set_environment(plan)
    engine = MockEngine(plan.engine)
    info = await engine.start()
    from dynamo.llm import KvRouter, KvRouterConfig

    from dynamo.worker.runtime import Worker

    worker = await Worker.start(plan, directory, engine, info)

    def router() -> Any:
        return KvRouter(worker.endpoint, BLOCK, KvRouterConfig(use_kv_events=True))

    async def work(number: int) -> None:
        request = GenerateRequest(str(number), prompt(number), 1)
        async for _ in engine.generate(request):
            pass

    async def say(step: str, asked: Any, numbers: list[int], wait: bool = True) -> None:
        """Print how many blocks the router finds; with `wait`, once it finds what there is."""
        found: list[int] = []
        for _ in range(100 if wait else 20):
            found = [await blocks(asked, prompt(number)) for number in numbers]
            if wait and min(found) == BLOCKS:
                break
            await asyncio.sleep(0.05)
        print(json.dumps({step: found}), flush=True)

    early = router()
    await asyncio.sleep(1)
    await work(0)
    await say("before", early, [0])
    await worker.kv_events.set_durable(not durable)
    await work(30)
    late = router()
    await say("after, early router", early, [0, 30])
    await say("after, late router", late, [0, 30])
    await worker.kv_events.set_durable(durable)
    await work(60)
    await say("back, early router", early, [0, 30, 60])
    await worker.close()
    await engine.stop()


async def blocks(router: Any, tokens: list[int]) -> int:
    scores = await router.get_overlap_scores(tokens)
    return max((row["device_blocks"] for row in scores["workers"]), default=0)


if __name__ == "__main__":
    uvloop.run(steps(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "on"))
