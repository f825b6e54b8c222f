"""Look whether a start can succeed, before anything is started: all findings at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.worker.preflight.memory import check_memory
from dynamo.worker.preflight.model import check_model
from dynamo.worker.preflight.packages import check_packages, check_runtime
from dynamo.worker.preflight.ports import check_frontend_port, check_ports
from dynamo.worker.preflight.servers import check_servers

Check = Callable[[LaunchPlan], list[Problem]]

CHECKS: tuple[Check, ...] = (
    check_packages,
    check_model,
    check_memory,
    check_ports,
    check_servers,
)


FRONTEND_CHECKS: tuple[Check, ...] = (check_runtime, check_frontend_port, check_servers)


def preflight(plan: LaunchPlan) -> list[Problem]:
    """Run every check, side by side; takes as long as the slowest, under three seconds."""
    return _run(CHECKS, plan)


def preflight_frontend(plan: LaunchPlan) -> list[Problem]:
    """Run the checks that concern a frontend without a worker."""
    return _run(FRONTEND_CHECKS, plan)


def _run(checks: tuple[Check, ...], plan: LaunchPlan) -> list[Problem]:
    with ThreadPoolExecutor(len(checks)) as pool:
        return [
            problem for found in pool.map(lambda check: check(plan), checks) for problem in found
        ]
