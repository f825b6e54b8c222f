"""Make every fault of tests/faults happen and write down what clients saw.

    python -m scripts.reliability

Writes the table of docs/reliability.md anew; takes some minutes.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faults.outcome import Outcome
from tests.faults.scenarios import SCENARIOS, Stage
from tests.worker.processes import MODEL
from tests.worker.tiny_model import write_tiny_model

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults -->\n", "<!-- end of faults -->\n"


def main() -> None:
    outcomes: dict[str, Outcome] = {}
    for name, scenario in SCENARIOS.items():
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            model = write_tiny_model(Path(directory, MODEL))
            outcomes[name] = scenario(Stage(Path(directory), model, stack))
        print(f"{name}: {outcomes[name]}", flush=True)
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + table(outcomes) + END + after)


def table(outcomes: dict[str, Outcome]) -> str:
    """Return the outcomes as a table in Markdown."""
    rows = [
        f"| {name} | {outcome.saw} | {_seconds(outcome)} | {outcome.lost} |"
        for name, outcome in outcomes.items()
    ]
    head = "| fault | what clients saw | answered again after | accepted and lost |"
    return "\n".join([head, "|---|---|---|---|", *rows, ""])


def _seconds(outcome: Outcome) -> str:
    after = outcome.recovered_after
    return "no interruption" if after is None else f"{after:.1f} s"


if __name__ == "__main__":
    main()
