"""From the needs of each role to the processes of a fleet: names, ports and GPUs. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from dynamo.config.problems import Problem
from dynamo.fleet.plan import MemberNeeds, MemberPlan, PortNeed

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
HIGHEST_PORT = 65535


def plan_members(
    needs: Mapping[str, MemberNeeds], replicas: Mapping[str, int], gpus: Sequence[str]
) -> tuple[list[MemberPlan], list[Problem]]:
    """Give every process ports and GPUs that no other one has."""
    taken: set[int] = set()
    free = list(gpus)
    found: list[MemberPlan] = []
    for role, count in replicas.items():
        for number in range(count):
            need = needs[role]
            ports = {port.setting: _free_port(port, taken) for port in need.ports}
            own, free = free[: need.gpus], free[need.gpus :]
            found.append(_member(role, number, need, ports, own))
    return found, [*_gpu_problems(needs, replicas, gpus), *_port_problems(found)]


def _member(
    role: str, number: int, need: MemberNeeds, ports: Mapping[str, int], gpus: Sequence[str]
) -> MemberPlan:
    first = {port.setting: port.first for port in need.ports}
    moved = [f"{path}={port}" for path, port in ports.items() if port != first[path]]
    environment = {GPU_VARIABLE: ",".join(gpus)} if gpus else {}
    return MemberPlan(
        f"{role}-{number}", role, (*need.overrides, *moved), environment, ports, tuple(gpus)
    )


def _free_port(need: PortNeed, taken: set[int]) -> int:
    port = need.first
    while taken.intersection(range(port, port + need.count)):
        port += 1
    taken.update(range(port, port + need.count))
    return port


def _gpu_problems(
    needs: Mapping[str, MemberNeeds], replicas: Mapping[str, int], gpus: Sequence[str]
) -> Iterator[Problem]:
    wanted = {role: needs[role].gpus * count for role, count in replicas.items()}
    total = sum(wanted.values())
    if total > len(gpus):
        parts = ", ".join(
            f"{replicas[role]} {role} with {needs[role].gpus} each"
            for role, count in wanted.items()
            if count
        )
        text = f"needs {total} GPUs ({parts}), and {len(gpus)} are visible"
        yield Problem("fleet", "", text, "fewer replicas, or a smaller tensor_parallel_size")


def _port_problems(members: Sequence[MemberPlan]) -> Iterator[Problem]:
    for member in members:
        for path, port in member.ports.items():
            if port > HIGHEST_PORT:
                yield Problem(path, port, f"is no port: {member.name} needs one of its own")


def visible_gpus(environ: Mapping[str, str], present: int) -> list[str]:
    """Return the names of the GPUs that the fleet may use, in order."""
    chosen = environ.get(GPU_VARIABLE)
    if chosen is None:
        return [str(number) for number in range(present)]
    named = [name.strip() for name in chosen.split(",")]
    return [name for name in named if name not in ("", "-1")][:present]
