"""All that can be said about a configuration before anything is started."""

from dynamo.config.compose import Composition
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.rules import check_rules
from dynamo.engines.planners import check_engine
from dynamo.launcher.not_served import not_served_yet
from dynamo.launcher.report import with_sources


def all_problems(composition: Composition, machine: Machine) -> list[Problem]:
    """Add to what composing found what the rules and the engine find."""
    problems = list(composition.problems)
    config = composition.config
    if config is not None:
        problems += [*check_rules(config), *check_engine(config, machine)]
    return with_sources(problems, composition.sources) if problems else []


def start_problems(plan: LaunchPlan) -> list[Problem]:
    """Say why a plan cannot be started here: not served at all, else what preflight finds."""
    from dynamo.worker.preflight import preflight

    problems = not_served_yet(plan)
    return problems if any(problem.fatal for problem in problems) else problems + preflight(plan)
