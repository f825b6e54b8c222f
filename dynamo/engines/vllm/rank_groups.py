"""Data-parallel ranks of one vLLM in several processes, of which one leads (R105).

A process whose ranks are balanced from outside (`data_parallel_rank`, `data_parallel_hybrid_lb`)
takes requests of its own and is a worker like any other.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from dynamo.config.machine import Machine
from dynamo.config.plan import RankGroup
from dynamo.config.problems import Problem
from dynamo.config.schema import Config, VllmBackend

ADDRESS = "127.0.0.1"
RPC_PORT = 29550
"""vLLM's own defaults."""
BALANCED_OUTSIDE = (
    "data_parallel_rank",
    "data_parallel_external_lb",
    "data_parallel_hybrid_lb",
    "data_parallel_multi_port_external_lb",
)
HEADLESS = "backend.headless"

Rule = Callable[[Config, Machine], Iterator[Problem]]


def rank_group(config: Config, arguments: Mapping[str, Any]) -> RankGroup | None:
    """R105: the processes that share the ranks; None where this one has them all, or its own."""
    headless = cast(VllmBackend, config.backend).headless
    host = arguments.get("data_parallel_address") or arguments.get("master_addr") or ADDRESS
    address = f"{host}:{arguments.get('data_parallel_rpc_port') or RPC_PORT}"
    return RankGroup(address, not headless) if headless or _leads_others(arguments) else None


def follows(group: RankGroup | None) -> bool:
    """Whether another process leads."""
    return group is not None and not group.leads


def _leads_others(arguments: Mapping[str, Any]) -> bool:
    if any(arguments.get(name) not in (None, False) for name in BALANCED_OUTSIDE):
        return False
    if arguments.get("data_parallel_start_rank") is not None:
        return False
    ranks = int(arguments.get("data_parallel_size") or 1)
    here = arguments.get("data_parallel_size_local")
    if here is None:
        return ranks > 1 and int(arguments.get("nnodes") or 1) > 1
    return int(here) < ranks


def headless_has_a_leader(config: Config, machine: Machine) -> Iterator[Problem]:
    """R105: who has no endpoint gets requests from the leader of its ranks, or none at all."""
    engine = config.backend.engine
    if not cast(VllmBackend, config.backend).headless:
        return
    if config.action == "bench":
        text = "leaves nothing to measure: requests come through the leader"
        yield Problem(HEADLESS, True, text, "false", f"{HEADLESS}=false", "R105")
    for name in BALANCED_OUTSIDE:
        if engine.get(name) not in (None, False):
            text = "takes requests of its own, so it needs an endpoint"
            yield _problem(name, engine[name], text, "", f"{HEADLESS}=false")
    ranks = int(engine.get("data_parallel_size") or 1)
    if ranks < 2:
        path = "backend.engine.data_parallel_size"
        text = "has no rank that another process could lead"
        yield Problem(path, ranks, text, "2 or more", f"{HEADLESS}=false", "R105")
    elif int(engine.get("nnodes") or 1) > ranks:
        text = "splits one rank over machines, which no worker here does yet"
        yield _problem("nnodes", engine["nnodes"], text, f"up to data_parallel_size = {ranks}")
    yield from _ranks_are_said(engine)


def _ranks_are_said(engine: Mapping[str, Any]) -> Iterator[Problem]:
    """VLLM would take all ranks, or rank 0, for those of this process."""
    if int(engine.get("nnodes") or 1) > 1:
        return
    for name, meant in (("data_parallel_size_local", 1), ("data_parallel_start_rank", 1)):
        if engine.get(name) is None:
            suggestion = f"backend.engine.{name}={meant}"
            yield _problem(name, None, "is missing: which ranks run here?", "", suggestion)


def group_meets_in_a_store(config: Config, machine: Machine) -> Iterator[Problem]:
    """R105: a process finds its leader, for whom it publishes KV events, in the store."""
    group = rank_group(config, config.backend.engine)
    if group is not None and config.store.kind == "mem":
        text = "ends at this process, so ranks in others do not find their leader"
        allowed, meant = "file, etcd, kubernetes", "store=file"
        yield Problem("store.kind", "mem", text, allowed, meant, "R105", fatal=not group.leads)


RULES: tuple[Rule, ...] = (headless_has_a_leader, group_meets_in_a_store)


def _problem(name: str, value: Any, text: str, allowed: str = "", meant: str = "") -> Problem:
    return Problem(f"backend.engine.{name}", value, text, allowed, meant, "R105")
