"""Look whether a start can succeed, before anything is started: all findings at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.worker.preflight.memory import check_memory
from dynamo.worker.preflight.model import check_model
from dynamo.worker.preflight.packages import check_packages, check_runtime
from dynamo.worker.preflight.ports import check_frontend_port, check_ports
from dynamo.worker.preflight.servers import check_servers
from dynamo.worker.preflight.store import check_store

Check = Callable[[LaunchPlan], list[Problem]]

CHECKS: tuple[Check, ...] = (
    check_packages,
    check_model,
    check_memory,
    check_ports,
    check_servers,
    check_store,
)


FRONTEND_CHECKS: tuple[Check, ...] = (
    check_runtime,
    check_frontend_port,
    check_servers,
    check_store,
)
KV_INDEX_CHECKS: tuple[Check, ...] = (check_runtime, check_servers, check_store)


def preflight(plan: LaunchPlan) -> list[Problem]:
    """Run every check, side by side; takes as long as the slowest, under three seconds."""
    return _run(CHECKS, plan)


def preflight_frontend(plan: LaunchPlan) -> list[Problem]:
    """Run the checks that concern a frontend without a worker."""
    return _run(FRONTEND_CHECKS, plan)


def preflight_kv_index(plan: LaunchPlan) -> list[Problem]:
    """Run the checks that concern the index of durable KV events."""
    return [*_durable(plan), *_run(KV_INDEX_CHECKS, plan)]


def _durable(plan: LaunchPlan) -> Iterator[Problem]:
    """R25: an index reads what workers with durable KV events have written, in other processes."""
    if plan.registration.enable_local_indexer:
        path = "runtime.durable_kv_events"
        text = "leaves the index without events"
        yield Problem(path, False, text, "true", f"{path}=true", "R25")
    if plan.runtime.store == "mem":
        text = "is visible to this process only, so the index finds no worker"
        yield Problem("store.kind", "mem", text, "file, etcd, kubernetes", "store=file", "R21")


def _run(checks: tuple[Check, ...], plan: LaunchPlan) -> list[Problem]:
    with ThreadPoolExecutor(len(checks)) as pool:
        return [
            problem for found in pool.map(lambda check: check(plan), checks) for problem in found
        ]
