"""Relay the events of two data-parallel ranks, and print what the runtime's router finds on each.

python -m tests.e2e.kv_event_ranks MODEL_DIRECTORY
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from dynamo.config.machine import Machine
from dynamo.config.schema import (
    Config,
    EventPlaneConfig,
    FrontendConfig,
    MockerBackend,
    ModelConfig,
    StoreConfig,
)
from dynamo.engines.base import EngineInfo
from dynamo.engines.capabilities import KvEventSource
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.mocker.kv_events import EventLog
from dynamo.engines.mocker.kv_publisher import KvPublisher
from dynamo.launcher.planning import plan_launch
from dynamo.worker.serve import set_environment

BLOCK = 16


class TwoRanks(MockEngine):
    """A mock engine that publishes for two ranks what it is told to."""

    publishers: tuple[KvPublisher, ...] = ()

    async def start(self) -> EngineInfo:
        self.publishers = (KvPublisher(0), KvPublisher(1))
        info = await super().start()
        return EngineInfo(**{**vars(info), "data_parallel_size": 2})

    def kv_event_sources(self) -> list[KvEventSource]:
        return [publisher.source for publisher in self.publishers]


async def main(directory: Path) -> None:
    config = Config(
        backend=MockerBackend(engine={"vocab_size": 100, "max_model_len": 256}),
        model=ModelConfig(path=str(directory), served_name="tiny"),
        store=StoreConfig("mem"),
        event_plane=EventPlaneConfig("zmq", host="127.0.0.1"),
        frontend=FrontendConfig("none", router_mode="kv"),
    )
    plan = plan_launch(config, Machine())
    set_environment(plan)
    engine = TwoRanks(plan.engine)
    info = await engine.start()
    from dynamo.llm import KvRouter, KvRouterConfig

    from dynamo.worker.runtime import Worker

    worker = await Worker.start(plan, directory, engine, info)
    router = KvRouter(worker.endpoint, BLOCK, KvRouterConfig(use_kv_events=True))
    await asyncio.sleep(1)
    tokens = list(range(3, 3 + 3 * BLOCK))
    for rank, blocks in ((0, 1), (1, 3)):
        log = EventLog(BLOCK)
        for number in range(blocks):
            parent = number or None
            log.stored(number + 1, parent, tokens[number * BLOCK : (number + 1) * BLOCK])
        engine.publishers[rank].publish(log.take())
    found: dict[int, int] = {}
    for _ in range(100):
        rows = (await router.get_overlap_scores(tokens))["workers"]
        found = {row["dp_rank"]: row["device_blocks"] for row in rows}
        if found == {0: 1, 1: 3}:
            break
        await asyncio.sleep(0.05)
    print(json.dumps(found, sort_keys=True), flush=True)
    await worker.close()
    for publisher in engine.publishers:
        await publisher.close()
    await engine.stop()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
