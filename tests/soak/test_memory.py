"""10,000 requests over 30 minutes: everybody is answered, and no process grows.

SOAK_SECONDS is how long it takes; the rate stays.
"""

import os
from importlib import util
from pathlib import Path

import pytest

from tests.e2e.fleet import MODEL, Fleet
from tests.soak.conftest import Record
from tests.soak.long_run import long_run, model_of
from tests.soak.report import long_run_text
from tests.soak.steady_load import EXPECTED

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
REQUESTS_PER_SECOND = 10_000 / 1800
MOST_GROWTH = 0.02
"""Over the second half, as a share."""


@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize("engine", ["mock", "vllm"])
def test_memory_stays_flat_and_every_request_is_answered(
    tmp_path: Path, engine: str, record: Record
) -> None:
    if engine == "vllm" and util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    model = model_of(engine, tmp_path / MODEL)
    store = tmp_path / "store"
    fleet = Fleet(tmp_path, model, ("store=file", f"store.path={store}"))
    requests = round(SECONDS * REQUESTS_PER_SECOND)
    try:
        run = long_run(fleet, engine, SECONDS, requests)
        statuses = [each.end() for each in fleet.processes]
    finally:
        fleet.close()
    record(f"memory with {engine}", long_run_text(run))
    assert statuses == [0, 0]
    assert set(run.seen) <= EXPECTED, run.seen
    assert run.seen.total() == requests
    assert all(each.share < MOST_GROWTH for each in run.growth), run.growth
