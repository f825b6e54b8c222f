"""The real model, a real engine in this process, and a real server: each started once."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib import util
from pathlib import Path

import pytest
import pytest_asyncio

from dynamo.engines.base import Engine, EngineInfo
from dynamo.worker.model_files import local_model
from tests.e2e.backends import SGLANG, VLLM, Backend, installed
from tests.e2e.engines import DEFAULT_MODEL, started_engine, started_sglang
from tests.e2e.fleet import MODEL
from tests.e2e.nats import NatsServer
from tests.e2e.servers import Server, running_server
from tests.e2e.state_servers import (
    Certificates,
    running_etcd,
    running_nats,
    write_certificates,
)
from tests.worker.tiny_model import write_tiny_model


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Return an empty directory for temporary files; sockets in it have short enough paths."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model directory with a tokenizer of a hundred words and no weights."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / MODEL)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return an authority and what it signed, for servers and clients on loopback."""
    return write_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of one NATS server with JetStream for all tests that only use it."""
    with running_nats(tmp_path_factory.mktemp("nats")) as listener:
        yield f"nats://{listener.address}"


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """Return a NATS server with JetStream that a test may kill and start again."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of one etcd server for all tests that only use it."""
    with running_etcd(tmp_path_factory.mktemp("etcd")) as listener:
        yield f"http://{listener.address}"


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Return the directory of the default model, converted if it has not been yet."""
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    return local_model(DEFAULT_MODEL)


@pytest.fixture(scope="session", params=[VLLM, SGLANG], ids=lambda backend: str(backend.name))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return each engine in turn: what clients can rely on does not depend on it."""
    found: Backend = request.param
    return installed(found)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path, backend: Backend) -> AsyncIterator[tuple[Engine, EngineInfo]]:
    """Return one started engine for all tests of a module, and what it says about itself."""
    start = started_engine if backend is VLLM else started_sglang
    async with start(smollm2) as started:
        yield started


@pytest.fixture(scope="session")
def server(
    smollm2: Path, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return one server for all tests that leave it as it was."""
    log = tmp_path_factory.mktemp(f"{backend.name}-server") / "server.log"
    with running_server(log, backend=backend) as running:
        yield running
