"""Twenty times kill -9, of each kind of process in turns: nothing is left."""

import os
from importlib import util
from pathlib import Path

import pytest

from tests.e2e.fleet import MODEL, mock_settings
from tests.e2e.tiny_llama import vllm_settings
from tests.soak.conftest import Record
from tests.soak.kills import kill_in_turns
from tests.soak.long_run import model_of
from tests.soak.report import kills_text

pytestmark = pytest.mark.soak

TIMES = int(os.environ.get("SOAK_KILLS", "20"))
TARGETS = {
    "mock": ("frontend", "worker", "fleet"),
    "vllm": ("frontend", "worker", "engine core", "fleet"),
}


@pytest.mark.timeout(120 * TIMES)
@pytest.mark.parametrize("engine", TARGETS)
def test_nothing_is_left_of_what_was_killed(tmp_path: Path, engine: str, record: Record) -> None:
    if engine == "vllm" and util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    model = model_of(engine, tmp_path / MODEL)
    settings = mock_settings(model) if engine == "mock" else vllm_settings(model)
    one = "fleet.aggregated.replicas=1"
    kills = kill_in_turns([*settings, one], TARGETS[engine], TIMES)
    record(f"kills with {engine}", kills_text(kills, engine))
    assert [kill.left for kill in kills.kills] == [[]] * TIMES
