"""Scheduler limits of a real vLLM engine that change while it serves."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dynamo.engines.base import EngineInfo
from dynamo.engines.vllm.engine import VllmEngine
from tests.e2e.backends import VLLM_ONLY
from tests.e2e.engines import request, tokens
from tests.e2e.step_by_step import LIMIT, LOWERED, Steps

pytestmark = pytest.mark.filterwarnings("ignore")  # vLLM's imports warn


@pytest.fixture(scope="module")
def steps(smollm2: Path) -> Steps:
    """Return how many requests ran after each step; see step_by_step.py."""
    command = [sys.executable, "-m", "tests.e2e.step_by_step", str(smollm2)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert line is not None, done.stderr[-3000:]
    return Steps(**json.loads(line.removeprefix("RESULT ")))


def test_a_lowered_limit_holds_within_two_steps(steps: Steps) -> None:
    assert steps.before[-1] == LIMIT
    assert all(running <= LOWERED for running in steps.lowered[1:])


def test_a_raised_limit_is_used_within_two_steps(steps: Steps) -> None:
    assert all(running == LIMIT for running in steps.raised[1:])


def test_no_greedy_answer_changes(steps: Steps) -> None:
    assert steps.answers_are_the_same


@VLLM_ONLY
@pytest.mark.asyncio(loop_scope="module")
async def test_a_serving_engine_answers_the_same_under_changing_limits(
    engine: tuple[VllmEngine, EngineInfo],
) -> None:
    started, _ = engine
    highest = started.highest_limits()["max_num_seqs"]
    asked = [(f"r{n}", range(100 + n, 164 + n)) for n in range(highest)]
    expected = [await tokens(started, request(name, prompt, 48)) for name, prompt in asked]
    answering = asyncio.gather(*(tokens(started, request(*each, 48)) for each in asked))
    for limit in (2, highest, 1, highest):
        await asyncio.sleep(0.2)
        started.set_limits({"max_num_seqs": limit})
        assert started.limits()["max_num_seqs"] == limit
    assert await answering == expected
