"""Actions of a fleet: every process is composed, checked and planned like one started by hand."""

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import yaml

from dynamo.config.compose import Composition
from dynamo.config.fleet import members
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.redact import redact
from dynamo.config.rules.fleet import check_fleet
from dynamo.config.schema import Config
from dynamo.engines.planners import planner
from dynamo.fleet.plan import FleetPlan
from dynamo.fleet.planning import visible_gpus
from dynamo.launcher.checking import start_problems
from dynamo.launcher.fleet_planning import (
    Sample,
    compose_samples,
    default_directory,
    distinct,
    fatal,
    plan_fleet,
)
from dynamo.launcher.manifest.graph import manifest_text
from dynamo.launcher.manifest.member import planned_member
from dynamo.launcher.report import EXIT_BAD_INPUT, print_problems, with_sources
from dynamo.launcher.show import explain_text


def act(composition: Composition, config: Config, machine: Machine) -> int:
    """Check the fleet and each of its processes, then do what `action` says."""
    directory = config.fleet.directory or default_directory(datetime.now().astimezone())
    common = [*composition.problems, *check_fleet(config), *_action(config.action)]
    samples = {}
    if not fatal(common):
        samples = compose_samples(config, composition, machine, directory, os.environ)
    if config.action == "manifest":
        return _manifest(config, samples, with_sources(common, composition))
    gpus = visible_gpus(os.environ, machine.gpus)
    plan, problems = plan_fleet(config, samples, directory, gpus)
    common = with_sources(common, composition)
    problems = [*common, *(each for each in distinct(samples) if each not in common), *problems]
    print_problems(problems)
    if plan is None or fatal(problems):
        return EXIT_BAD_INPUT
    match config.action:
        case "check":
            print("ok")
        case "plan":
            print(fleet_text(plan))
        case "command":
            print(command_text(plan, samples))
        case "explain":
            print(explain_text(composition.values, composition.sources, plan.notes))
        case _:
            return serve(plan, samples)
    return 0


def _manifest(config: Config, samples: Mapping[str, Sample], common: list[Problem]) -> int:
    """Print the fleet as one deployment: the cluster has the GPUs and ports, not this machine."""
    problems = [*common, *(each for each in distinct(samples) if each not in common)]
    print_problems(problems)
    if fatal(problems):
        return EXIT_BAD_INPUT
    print(fleet_manifest(config, samples))
    return 0


def fleet_manifest(config: Config, samples: Mapping[str, Sample]) -> str:
    """Return the Kubernetes manifest of all workers of a fleet, with its frontends."""
    workers = [
        planned_member(sample.plan, sample.composition.config, sample.composition.sources,
               members(config, role).replicas)
        for role, sample in samples.items()
        if role != "frontend" and sample.plan and sample.composition.config
    ]  # fmt: skip
    frontends = members(config, "frontend").replicas if "frontend" in samples else 0
    return manifest_text(workers, frontends)


def _action(action: str) -> Iterator[Problem]:
    if action in ("bench", "frontend"):
        allowed = "serve, check, plan, command, manifest, explain"
        yield Problem("action", action, "is an action of one process", allowed, "action=serve")


def fleet_text(plan: FleetPlan) -> str:
    """Return the plan as YAML with secrets redacted."""
    tree = asdict(plan)
    for member in tree["members"]:
        member["overrides"] = [_redacted(text) for text in member["overrides"]]
        member["gpus"] = list(member["gpus"])
    tree["members"], tree["notes"] = list(tree["members"]), list(tree["notes"])
    text = yaml.safe_dump(redact(tree), sort_keys=False, width=100, allow_unicode=True)
    return str(text).rstrip()


def _redacted(text: str) -> str:
    key, equals, value = text.partition("=")
    return f"{key}{equals}{redact({key: value})[key]}"


def command_text(plan: FleetPlan, samples: Mapping[str, Sample]) -> str:
    """Return the engines' own command lines, one for each worker."""
    lines = []
    for member in plan.members:
        launch_plan = samples[member.role].plan
        if member.role == "frontend" or launch_plan is None:
            continue
        variables = "".join(f"{name}={value} " for name, value in member.environment.items())
        command = planner(launch_plan.engine.backend).command(launch_plan)
        lines += [f"# {member.name}", f"{variables}{command}"]
    return "\n".join(lines)


def serve(plan: FleetPlan, samples: Mapping[str, Sample]) -> int:
    """Look whether every role can start here, then run the fleet until it is told to stop."""
    problems = [problem for role, sample in samples.items() for problem in _start(role, sample)]
    print_problems(list(dict.fromkeys(problems)))
    if fatal(problems):
        return EXIT_BAD_INPUT
    gc.enable()
    from dynamo.fleet.supervisor import run_fleet

    return run_fleet(plan, [sys.executable, str(Path(sys.argv[0]).resolve())])


def _start(role: str, sample: Sample) -> list[Problem]:
    if sample.plan is None:
        return []
    if role == "frontend":
        from dynamo.worker.preflight import preflight_frontend

        found = preflight_frontend(sample.plan)
    else:
        found = start_problems(sample.plan)
    return with_sources(found, sample.composition)
