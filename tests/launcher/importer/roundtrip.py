"""What the tests of the importer share: from a command line to the plan that its preset makes."""

from pathlib import Path

from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.engines.planners import planner
from dynamo.launcher.importer.cli import imported
from dynamo.launcher.importer.shell import read_script
from dynamo.launcher.importer.source import Source
from dynamo.launcher.importer.verify import Verified

ROOT = Path(__file__).parents[3]
SERVER = Machine(
    gpus=8,
    cpu_threads=64,
    memory_bytes=512 * 2**30,
    engine_versions={"vllm": "0.32.0", "sglang": "0.5.20"},
)


def from_words(*words: str) -> Verified:
    """Import a command line as a shell passes it on."""
    return imported(Source(words), SERVER)


def from_script(text: str) -> Verified:
    """Import a shell script."""
    return imported(read_script(text), SERVER)


def command(plan: LaunchPlan) -> str:
    """Return the engine's own command line, as `action=command` prints it."""
    return planner(plan.engine.backend).command(plan)
