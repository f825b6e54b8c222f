"""Twenty times kill -9, of each kind of process in turns: nothing is left."""

import os
from importlib import util
from pathlib import Path

import pytest

from tests.e2e.fleet import MODEL
from tests.e2e.tiny_llama import vllm_settings
from tests.soak.conftest import Record
from tests.soak.kills import kill_in_turns
from tests.soak.long_run import model_of
from tests.soak.report import kills_text

pytestmark = pytest.mark.soak

TIMES = int(os.environ.get("SOAK_KILLS", "20"))
TARGETS = ("frontend", "worker", "engine core", "fleet")


@pytest.mark.timeout(120 * TIMES)
def test_nothing_is_left_of_what_was_killed(tmp_path: Path, record: Record) -> None:
    if util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    model = model_of("vllm", tmp_path / MODEL)
    kills = kill_in_turns([*vllm_settings(model), "fleet.aggregated.replicas=1"], TARGETS, TIMES)
    record("kills", kills_text(kills, "vllm"))
    assert [kill.left for kill in kills.kills] == [[]] * TIMES
