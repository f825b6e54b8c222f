"""What each action does with a composed configuration. Returns the process's exit status."""

import gc
from collections.abc import Callable

from dynamo.config.compose import Composition
from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.engines.planners import planner
from dynamo.launcher.checking import all_problems, start_problems
from dynamo.launcher.known_model import with_model
from dynamo.launcher.planning import plan_launch
from dynamo.launcher.report import EXIT_BAD_INPUT, print_problems, with_sources
from dynamo.launcher.show import explain_text, plan_text


def act(composition: Composition, machine: Machine) -> int:
    """Check everything, then do what `action` says."""
    config = composition.config
    if config is not None:
        machine = with_model(machine, config.model.path)
        if config.fleet.enabled:
            from dynamo.launcher import fleet

            return fleet.act(composition, config, machine)
    problems = all_problems(composition, machine)
    print_problems(problems)
    if config is None or any(problem.fatal for problem in problems):
        return EXIT_BAD_INPUT
    return ACTIONS[config.action](config, composition, machine)


def check(config: Config, composition: Composition, machine: Machine) -> int:
    """Say that nothing is wrong; planning runs too, so that it cannot fail later."""
    plan_launch(config, machine)
    print("ok")
    return 0


def plan(config: Config, composition: Composition, machine: Machine) -> int:
    """Print the whole launch plan."""
    print(plan_text(plan_launch(config, machine)))
    return 0


def command(config: Config, composition: Composition, machine: Machine) -> int:
    """Print the engine's own command line for the same engine."""
    print(planner(config.backend.name).command(plan_launch(config, machine)))
    return 0


def manifest(config: Config, composition: Composition, machine: Machine) -> int:
    """Print the Kubernetes manifest of Dynamo's own worker for the same engine."""
    from dynamo.launcher.manifest.graph import manifest_text
    from dynamo.launcher.manifest.member import planned_member

    launch_plan = plan_launch(config, machine)
    print(manifest_text([planned_member(launch_plan, config, composition.sources)]))
    return 0


def explain(config: Config, composition: Composition, machine: Machine) -> int:
    """Print every setting with its value and where that came from."""
    notes = plan_launch(config, machine).notes
    print(explain_text(composition.values, composition.sources, notes))
    return 0


def serve(config: Config, composition: Composition, machine: Machine) -> int:
    """Look whether the start can succeed, then run the worker until it is told to stop."""
    launch_plan = plan_launch(config, machine)
    if not _can_start(start_problems(launch_plan), composition):
        return EXIT_BAD_INPUT
    gc.enable()
    from dynamo.launcher.dump import dump_configuration
    from dynamo.worker.serve import serve as run_worker

    dump_configuration(launch_plan, composition)
    return run_worker(launch_plan)


def frontend(config: Config, composition: Composition, machine: Machine) -> int:
    """Run the OpenAI frontend without a worker until it is told to stop."""
    from dynamo.worker.preflight import preflight_frontend

    launch_plan = plan_launch(config, machine)
    if not _can_start(preflight_frontend(launch_plan), composition):
        return EXIT_BAD_INPUT
    gc.enable()
    from dynamo.worker.frontend_process import serve_frontend

    return serve_frontend(launch_plan)


def kv_index(config: Config, composition: Composition, machine: Machine) -> int:
    """Run the index of durable KV events until it is told to stop."""
    from dynamo.worker.preflight import preflight_kv_index

    launch_plan = plan_launch(config, machine)
    if not _can_start(preflight_kv_index(launch_plan), composition):
        return EXIT_BAD_INPUT
    gc.enable()
    from dynamo.worker.kv_index_process import serve_kv_index

    return serve_kv_index(launch_plan)


def bench(config: Config, composition: Composition, machine: Machine) -> int:
    """Measure one configuration: a sweep of one trial."""
    from dynamo.launcher import sweep

    launch_plan = sweep.engine_only(plan_launch(config, machine))
    if not _can_start(start_problems(launch_plan), composition):
        return EXIT_BAD_INPUT
    gc.enable()
    return sweep.bench(launch_plan, composition.given)


def _can_start(found: list[Problem], composition: Composition) -> bool:
    problems = with_sources(found, composition)
    print_problems(problems)
    return not any(problem.fatal for problem in problems)


ACTIONS: dict[str, Callable[[Config, Composition, Machine], int]] = {
    "serve": serve,
    "frontend": frontend,
    "kv_index": kv_index,
    "check": check,
    "plan": plan,
    "command": command,
    "manifest": manifest,
    "explain": explain,
    "bench": bench,
}
