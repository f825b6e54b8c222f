"""All that can be said about a configuration before anything is started."""

import importlib.util
from collections.abc import Iterator

from dynamo.config.compose import Composition
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.rules import check_rules
from dynamo.config.schema import Config
from dynamo.engines.memory.fit import fit_problems
from dynamo.engines.planners import check_engine, plan_engine, plan_memory, planner
from dynamo.launcher.not_served import not_served_yet
from dynamo.launcher.report import with_sources


def all_problems(composition: Composition, machine: Machine) -> list[Problem]:
    """Add to what composing found what the rules and the engine find."""
    problems = list(composition.problems)
    config = composition.config
    if config is not None:
        problems += [*check_rules(config), *check_engine(config, machine)]
        if not any(problem.fatal for problem in problems):
            problems += memory_problems(config, machine)
    return with_sources(problems, composition)


def memory_problems(config: Config, machine: Machine) -> list[Problem]:
    """Say whether a checked configuration fits into the machine's memory, as far as is known."""
    plan, _notes = plan_engine(config, machine)
    memory = plan_memory(config, machine, plan)
    return list(fit_problems(memory)) if memory else []


def start_problems(plan: LaunchPlan) -> list[Problem]:
    """Say why a plan cannot be started here: not served at all, else what preflight finds."""
    from dynamo.worker.preflight import preflight

    problems = not_served_yet(plan)
    if any(problem.fatal for problem in problems):
        return problems
    return [*problems, *missing_packages(plan), *preflight(plan)]


def missing_packages(plan: LaunchPlan) -> Iterator[Problem]:
    """Say which packages the plan needs beside its engine and this environment lacks."""
    needed = planner(plan.engine.backend).packages(plan.engine.arguments)
    for name, requirement in needed.items():
        if importlib.util.find_spec(name) is None:
            text = f"needs the package {name}, which is not installed in this environment"
            meant = f"pip install {requirement}" if requirement else ""
            yield Problem("connector", "", text, "an installed package, connector=none", meant)
