"""KV events in a real NATS stream: whatever fails, a reader ends with the engine's exact blocks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.plan import EnginePlan
from dynamo.engines.base import GenerateRequest
from dynamo.engines.mocker.engine import MockEngine
from dynamo.engines.mocker.kv_events import UNSIGNED
from dynamo.worker.planes.durable_events.connection import connect, why_unusable
from dynamo.worker.planes.durable_events.messages import Names, Rank
from dynamo.worker.planes.durable_events.reader import StreamReader
from dynamo.worker.planes.durable_events.recorder import Recorder
from tests.e2e.nats import NatsServer, until
from tests.e2e.state_servers import Certificates

pytestmark = pytest.mark.e2e

NAMES = Names("dynamo", "backend")
RANK = Rank(0xABC)
BLOCK = 4


@pytest.fixture
def environment(nats_server: NatsServer) -> dict[str, str]:
    return {"NATS_SERVER": nats_server.url}


@asynccontextmanager
async def mock_engine(blocks: int = 64) -> AsyncIterator[MockEngine]:
    arguments = {
        "block_size": BLOCK, "num_gpu_blocks": blocks, "max_model_len": 64,
        "publish_kv_events": True, "decode_step_seconds": 0.0,
        "prefill_tokens_per_second": 1e9,
    }  # fmt: skip
    engine = MockEngine(EnginePlan("mocker", "1", "cpu", arguments, {}))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@asynccontextmanager
async def recording(engine: MockEngine, environment: dict[str, str]) -> AsyncIterator[Recorder]:
    recorder = Recorder(environment, NAMES, RANK.worker_id, engine.kv_event_sources())
    recorder.start()
    try:
        yield recorder
    finally:
        await recorder.close()


@asynccontextmanager
async def reading(environment: dict[str, str]) -> AsyncIterator[StreamReader]:
    reader = StreamReader(environment, NAMES)
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])


async def work(engine: MockEngine, first: int, count: int) -> None:
    """Let the engine compute prompts of its own: blocks come, and older ones go."""
    for number in range(first, first + count):
        prompt = [number % 97 + 1, *range(number % 23, number % 23 + 5 * BLOCK)]
        async for _ in engine.generate(GenerateRequest(str(number), prompt, 1)):
            pass


def held(engine: MockEngine) -> set[int]:
    return {value & UNSIGNED for value in engine._scheduler.pool.cached_hashes}


def known(reader: StreamReader) -> set[Any]:
    log = reader.index.ranks.get(RANK)
    return set() if log is None else {block.block_hash for block, _ in log.blocks.held()}


async def same(reader: StreamReader, engine: MockEngine) -> None:
    """Wait until the reader knows exactly what the engine holds."""
    await until(lambda: known(reader) == held(engine) and reader.index.ranks[RANK].exact)


async def test_r25_a_late_reader_rebuilds_the_exact_index(environment: dict[str, str]) -> None:
    async with mock_engine() as engine, recording(engine, environment):
        await work(engine, 0, 60)
        async with reading(environment) as reader:
            await same(reader, engine)
            await work(engine, 60, 40)
            await same(reader, engine)
            prompt = [100 % 97 + 1, *range(100 % 23, 100 % 23 + 5 * BLOCK)]
            await work(engine, 100, 1)
            await same(reader, engine)
            assert reader.index.overlaps(prompt) == {RANK: 5}
            assert reader.index.overlaps([96, *prompt]) == {RANK: 0}
            assert await engine.reset_prefix_cache()
            await until(lambda: known(reader) == set())


async def test_r25_a_reader_that_starts_again_knows_the_same(environment: dict[str, str]) -> None:
    async with mock_engine() as engine, recording(engine, environment):
        for start in range(0, 90, 30):
            async with reading(environment) as reader:
                await work(engine, start, 30)
                await same(reader, engine)
                assert reader.index.ranks[RANK].gaps == 0


async def test_several_readers_agree(environment: dict[str, str]) -> None:
    async with (
        mock_engine() as engine,
        recording(engine, environment),
        reading(environment) as one,
        reading(environment) as other,
    ):
        await work(engine, 0, 50)
        await same(one, engine)
        await same(other, engine)


async def test_what_the_recorder_missed_is_asked_from_the_engine(
    environment: dict[str, str],
) -> None:
    async with mock_engine() as engine:
        publisher = engine._publisher
        assert publisher is not None
        send, dropped = publisher._events.send_multipart, []

        def lossy(frames: Any) -> None:
            number = int.from_bytes(frames[1], "big")
            dropped.append(number) if 5 < number % 20 < 12 else send(frames)

        publisher._events.send_multipart = lossy  # type: ignore[method-assign, assignment]
        async with recording(engine, environment) as recorder, reading(environment) as reader:
            await until(lambda: recorder._client is not None)
            await work(engine, 0, 100)
            await same(reader, engine)
            assert len(dropped) > 20
            assert recorder.ranks[0].feed.repaired >= len(dropped)
            assert recorder.ranks[0].feed.lost == 0


async def test_messages_that_the_stream_lost_are_replaced_by_a_checkpoint(
    environment: dict[str, str],
) -> None:
    async with mock_engine() as engine, recording(engine, environment) as recorder:
        await work(engine, 0, 40)
        await until(lambda: recorder.ranks[0].outbox.next >= 40)
        await asyncio.wait_for(recorder.ranks[0].written.wait(), 20)
        client = await connect(environment, "test")
        stream = client.jetstream()
        info = (await stream.stream_info(NAMES.stream)).state
        assert await stream.delete_msg(NAMES.stream, info.first_seq)
        await client.close()
        async with reading(environment) as reader:
            await same(reader, engine)
            assert reader.index.ranks[RANK].gaps == 1


async def test_nats_killed_and_back_loses_no_event(
    nats_server: NatsServer, environment: dict[str, str]
) -> None:
    async with (
        mock_engine() as engine,
        recording(engine, environment) as recorder,
        reading(environment) as reader,
    ):
        await work(engine, 0, 30)
        await same(reader, engine)
        nats_server.kill()
        await work(engine, 30, 60)
        assert known(reader) != held(engine)
        nats_server.start()
        await same(reader, engine)
        assert recorder.ranks[0].outbox.overflows == 0


async def test_more_than_may_wait_for_nats_becomes_a_checkpoint(
    nats_server: NatsServer, environment: dict[str, str]
) -> None:
    async with (
        mock_engine() as engine,
        recording(engine, environment) as recorder,
        reading(environment) as reader,
    ):
        await work(engine, 0, 10)
        await same(reader, engine)
        recorder.ranks[0].outbox.limit = 1000
        nats_server.kill()
        await work(engine, 10, 60)
        nats_server.start()
        await same(reader, engine)
        assert recorder.ranks[0].outbox.overflows > 0


async def test_a_stream_that_is_lost_with_its_server_is_made_anew(
    nats_server: NatsServer, environment: dict[str, str], tmp_path: Path
) -> None:
    async with (
        mock_engine() as engine,
        recording(engine, environment),
        reading(environment) as reader,
    ):
        await work(engine, 0, 30)
        await same(reader, engine)
        nats_server.kill()
        (nats_server.directory / "jetstream").rename(tmp_path / "gone")
        await work(engine, 30, 10)
        nats_server.start()
        await work(engine, 40, 10)
        await same(reader, engine)
        async with reading(environment) as late:
            await same(late, engine)


async def test_nothing_that_is_held_expires(environment: dict[str, str]) -> None:
    environment["DYN_NATS_STREAM_MAX_AGE"] = "1.5"
    async with mock_engine() as engine, recording(engine, environment):
        await work(engine, 0, 30)
        await asyncio.sleep(4)
        async with reading(environment) as reader:
            await same(reader, engine)


async def test_a_worker_that_ends_takes_its_blocks_along(environment: dict[str, str]) -> None:
    async with reading(environment) as reader:
        async with mock_engine() as engine, recording(engine, environment):
            await work(engine, 0, 10)
            await same(reader, engine)
        await until(lambda: RANK not in reader.index.ranks)
    async with reading(environment) as late:
        await asyncio.wait_for(late.caught_up.wait(), 20)
        assert late.index.ranks == {}


async def test_logins_and_tls_are_those_of_the_runtime(
    tmp_path: Path, certificates: Certificates
) -> None:
    server = NatsServer(tmp_path, "user: worker, password: secret", certificates)
    server.start()
    complete = {
        "NATS_SERVER": f"tls://127.0.0.1:{server.port}",
        "NATS_AUTH_USERNAME": "worker",
        "NATS_AUTH_PASSWORD": "secret",
        "NATS_TLS_CA_CERT_PATH": str(certificates.ca),
        "NATS_TLS_CLIENT_CERT_PATH": str(certificates.client_cert),
        "NATS_TLS_CLIENT_KEY_PATH": str(certificates.client_key),
    }
    try:
        for missing in ("NATS_AUTH_PASSWORD", "NATS_TLS_CLIENT_CERT_PATH", "NATS_TLS_CA_CERT_PATH"):
            assert await why_unusable({k: v for k, v in complete.items() if k != missing})
        assert await why_unusable(complete) == ""
        async with (
            mock_engine() as engine,
            recording(engine, complete),
            reading(complete) as reader,
        ):
            await work(engine, 0, 10)
            await same(reader, engine)
    finally:
        server.kill()


async def test_a_worker_that_dies_is_forgotten_within_the_streams_age(
    environment: dict[str, str],
) -> None:
    environment["DYN_NATS_STREAM_MAX_AGE"] = "1.5"
    async with mock_engine() as engine, reading(environment) as reader:
        recorder = Recorder(environment, NAMES, RANK.worker_id, engine.kv_event_sources())
        recorder.start()
        await work(engine, 0, 10)
        await same(reader, engine)
        await asyncio.sleep(2)
        assert known(reader) == held(engine)
        for task in (*recorder._readers, *recorder._writers):
            task.cancel()  # as a kill does: nothing is said
        await until(lambda: RANK not in reader.index.ranks)
        await recorder.close()


async def test_a_server_that_takes_small_messages_only_gets_small_ones(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, settings="max_payload: 4096")
    server.start()
    environment = {"NATS_SERVER": server.url}
    try:
        async with mock_engine(400) as engine, recording(engine, environment) as recorder:
            await work(engine, 0, 60)
            recorder.ranks[0].wish()
            async with reading(environment) as reader:
                await same(reader, engine)
    finally:
        server.kill()
