"""Drive a real vLLM engine core step by step in this process: `step_by_step.py MODEL`.

Prints, as JSON, how many requests ran after each step around two changes of max_num_seqs, and
whether all greedy answers are those of an engine whose limits never changed.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.e2e.engines import ENVIRONMENT

REQUESTS, LIMIT, LOWERED, OUTPUT_TOKENS = 64, 64, 8, 24


@dataclass(frozen=True)
class Steps:
    """How many requests were running after each step."""

    before: list[int]
    lowered: list[int]
    raised: list[int]
    answers_are_the_same: bool


def core(model: Path, directory: Path) -> tuple[Any, Any]:
    """Return an LLMEngine that steps in this process, and its limits."""
    from vllm.v1.engine.llm_engine import LLMEngine

    from dynamo.engines.vllm.async_llm import engine_config
    from dynamo.engines.vllm.live_scheduler import adjustable_limits

    arguments = {"model": str(model), "dtype": "float32", "max_model_len": 128, "block_size": 32}
    config = engine_config({**arguments, "max_num_seqs": LIMIT, "enable_prefix_caching": False})
    limits = adjustable_limits(config, directory / "limits")
    return LLMEngine.from_vllm_config(config), limits


def add_requests(engine: Any) -> None:
    from vllm import SamplingParams
    from vllm.inputs import tokens_input

    params = SamplingParams(temperature=0.0, max_tokens=OUTPUT_TOKENS, ignore_eos=True)
    for number in range(REQUESTS):
        prompt = [1000 + 7 * number + place for place in range(8)]
        engine.add_request(str(number), tokens_input(prompt), params)


def steps(engine: Any, answers: dict[str, list[int]], count: int) -> list[int]:
    """Make steps; return how many requests were running after each."""
    scheduler = engine.engine_core.engine_core.scheduler
    running = []
    for _ in range(count):
        for output in engine.step():
            answers[output.request_id] = list(output.outputs[0].token_ids)
        running.append(len(scheduler.running))
    return running


def main() -> None:
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory() as directory:
        engine, limits = core(Path(sys.argv[1]), Path(directory))
        expected: dict[str, list[int]] = {}
        add_requests(engine)
        while engine.has_unfinished_requests():
            steps(engine, expected, 1)
        answers: dict[str, list[int]] = {}
        add_requests(engine)
        before = steps(engine, answers, 4)
        limits.shared.write({"max_num_seqs": LOWERED})
        lowered = steps(engine, answers, 4)
        limits.shared.write({"max_num_seqs": LIMIT})
        raised = steps(engine, answers, 4)
        while engine.has_unfinished_requests():
            steps(engine, answers, 1)
    same = answers == expected
    print("RESULT", json.dumps(asdict(Steps(before, lowered, raised, same))), flush=True)


if __name__ == "__main__":
    main()
