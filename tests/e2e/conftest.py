"""The real model, a real engine in this process, and a real server: each started once."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib import util
from pathlib import Path

import pytest
import pytest_asyncio

from dynamo.engines.base import EngineInfo
from dynamo.engines.vllm.engine import VllmEngine
from dynamo.worker.model_files import local_model
from tests.e2e.engines import DEFAULT_MODEL, started_engine
from tests.e2e.fleet import MODEL
from tests.e2e.servers import Server, running_server
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
def smollm2() -> Path:
    """Return the directory of the default model, converted if it has not been yet."""
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    return local_model(DEFAULT_MODEL)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncIterator[tuple[VllmEngine, EngineInfo]]:
    """Return one started engine for all tests of a module, and what it says about itself."""
    async with started_engine(smollm2) as started:
        yield started


@pytest.fixture(scope="session")
def server(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return one server for all tests that leave it as it was."""
    with running_server(tmp_path_factory.mktemp("server") / "server.log") as running:
        yield running
