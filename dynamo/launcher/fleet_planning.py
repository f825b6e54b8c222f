"""From one command line to the plan of a fleet: a process of each role is composed and planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from dynamo.config.assignment import COMMAND_LINE, override_text
from dynamo.config.compose import Composition, compose_config
from dynamo.config.fleet import ROLES, members
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.planners import all_argument_names, option_file_reader, worker_traits
from dynamo.fleet.plan import FleetPlan, MemberNeeds, MemberPlan, PortNeed
from dynamo.fleet.planning import plan_members
from dynamo.launcher.checking import all_problems
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.planning import plan_launch

DECIDED = ("fleet", "action")
"""Sections that are about the fleet, not about one of its processes."""
WORKER = ("frontend=none",)
FRONTEND = ("action=frontend", "frontend=embedded")


@dataclass(frozen=True)
class Sample:
    """The first process of a role, composed and planned."""

    overrides: tuple[str, ...]
    composition: Composition
    plan: LaunchPlan | None
    """None when something is wrong with it."""
    problems: tuple[Problem, ...]


def default_directory(started: datetime) -> str:
    """Return a new directory for each start."""
    return str(Path("outputs") / "fleet" / f"{started:%Y-%m-%d}" / f"{started:%H-%M-%S}")


def compose_samples(
    config: Config,
    composition: Composition,
    machine: Machine,
    directory: str,
    environ: Mapping[str, str],
) -> dict[str, Sample]:
    """Compose one process of each role that the fleet has, from the same command line."""
    common = [
        item.text
        for item in composition.given
        if item.source == COMMAND_LINE and item.key.split(".")[0] not in DECIDED
    ]
    common += ["fleet.enabled=false", f"fleet.directory={override_text(directory)}"]
    if config.store.kind == "file" and config.store.path is None:
        common.append(f"store.path={override_text(str(Path(directory) / 'store'))}")
    roles = [role for role in ROLES if members(config, role).replicas]
    return {
        role: _sample((*common, *_own(role), *members(config, role).overrides), machine, environ)
        for role in roles
    }


def _own(role: str) -> Sequence[str]:
    return FRONTEND if role == "frontend" else (f"role={role}", *WORKER)


def _sample(overrides: tuple[str, ...], machine: Machine, environ: Mapping[str, str]) -> Sample:
    composition = compose_config(
        overrides, environ, conf_dir(), all_argument_names, option_file_reader(machine)
    )
    problems = all_problems(composition, machine)
    config = composition.config
    plan = None if config is None or fatal(problems) else plan_launch(config, machine)
    return Sample(overrides, composition, plan, tuple(problems))


def distinct(samples: Mapping[str, Sample]) -> list[Problem]:
    """Return each problem once, naming the role that has it unless all have."""
    found = list(dict.fromkeys(p for each in samples.values() for p in each.problems))
    named = []
    for problem in found:
        roles = [role for role, each in samples.items() if problem in each.problems]
        if len(roles) == len(samples):
            named.append(problem)
        else:
            source = ", ".join(filter(None, [problem.source, f"for {' and '.join(roles)}"]))
            named.append(replace(problem, source=source))
    return named


def plan_fleet(
    config: Config, samples: Mapping[str, Sample], directory: str, gpus: Sequence[str]
) -> tuple[FleetPlan | None, list[Problem]]:
    """Give each process its name, ports and GPUs; None when one of them cannot be planned."""
    plans = {role: sample.plan for role, sample in samples.items() if sample.plan is not None}
    if not plans or len(plans) < len(samples):
        return None, []
    needs = {role: _needs(samples[role], plan) for role, plan in plans.items()}
    replicas = {role: members(config, role).replicas for role in plans}
    found, problems = plan_members(needs, replicas, gpus)
    chosen, any_plan = config.fleet, next(iter(plans.values()))
    fleet = FleetPlan(
        tuple(_with_own_dump(member, config.runtime.dump_config_to) for member in found),
        directory,
        any_plan.model.served_name,
        plans["frontend"].frontend if "frontend" in plans else None,
        chosen.max_restarts,
        chosen.restart_delay_seconds,
        chosen.stop_timeout_seconds,
        tuple(dict.fromkeys(note for plan in plans.values() for note in plan.notes)),
    )
    return fleet, problems


def _with_own_dump(member: MemberPlan, path: str | None) -> MemberPlan:
    """R34: every process writes its configuration to a file of its own."""
    if path is None:
        return member
    own = Path(path).with_stem(f"{Path(path).stem}.{member.name}")
    dump = f"runtime.dump_config_to={override_text(str(own))}"
    return replace(member, overrides=(*member.overrides, dump))


def _needs(sample: Sample, plan: LaunchPlan) -> MemberNeeds:
    config = sample.composition.config
    if config is None:
        raise ValueError("a process that could not be composed was planned")
    if config.action == "frontend":
        return MemberNeeds(sample.overrides, (PortNeed("frontend.port", config.frontend.port),))
    traits = worker_traits(config, plan.engine.arguments)
    ports = [PortNeed(path, span.start, len(span)) for path, span in traits.ports.items()]
    fixed = {"runtime.system_port": config.runtime.system_port}
    if plan.runtime.http is not None:
        fixed["request_plane.http_port"] = plan.runtime.http.port
    elif plan.runtime.request_plane == "tcp":
        fixed["request_plane.tcp_port"] = config.request_plane.tcp_port
    ports += [PortNeed(path, port) for path, port in fixed.items() if port > 0]
    gpus = traits.gpus if plan.engine.device == "cuda" else 0
    return MemberNeeds(sample.overrides, tuple(ports), gpus)


def fatal(problems: Sequence[Problem]) -> bool:
    """Whether anything found forbids going on."""
    return any(problem.fatal for problem in problems)
