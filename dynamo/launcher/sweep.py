"""`-m action=bench`: expand the overrides into trials and hand them to the tuner.

Hydra's own sweeper would compose all combinations first and stop at the first bad one; here each
combination is composed alone, so that a bad one is a recorded trial and the others run.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from dynamo.config.assignment import COMMAND_LINE, Assignment
from dynamo.config.compose import CONFIG_NAME, VERSION_BASE, compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan, RuntimePlan
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.launcher.checking import all_problems, start_problems
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.known_model import with_model
from dynamo.launcher.machine import this_machine
from dynamo.launcher.planning import plan_launch
from dynamo.tuning.sweep import run_sweep
from dynamo.tuning.trial import Trial

NOT_SHOWN = ("hydra.", "hydra/", "action=")


def sweep(given: Sequence[Assignment]) -> int:
    """Run every combination of the given values; returns the exit status."""
    combinations, directory = expand(given)
    fixed = {item.text for item in given if item.source != COMMAND_LINE}
    machine = this_machine()
    trials = [
        _compose_trial(number, texts, [text for text in texts if text not in fixed], machine)
        for number, texts in enumerate(combinations)
    ]
    return run_sweep(trials, run_directory(directory, chosen=_is_chosen(given)))


def bench(plan: LaunchPlan, given: Sequence[Assignment]) -> int:
    """Measure one plan: a sweep of one trial."""
    _combinations, directory = expand(given, multirun=False)
    return run_sweep([Trial(0, (), plan, ())], run_directory(directory, chosen=_is_chosen(given)))


def expand(given: Sequence[Assignment], *, multirun: bool = True) -> tuple[list[list[str]], Path]:
    """Return the overrides of each trial, in the order of Hydra's sweeper, and the directory."""
    texts = [item.text for item in given]
    with initialize_config_dir(str(conf_dir()), version_base=VERSION_BASE):
        loader = cast(ConfigLoaderImpl, GlobalHydra.instance().config_loader())
        parser = OverridesParser.create(config_loader=loader)
        overrides = parser.parse_overrides(texts)
        single = [
            text for text, o in zip(texts, overrides, strict=True) if not o.is_sweep_override()
        ]
        settings = compose(CONFIG_NAME, single, return_hydra_config=True).hydra
        params = [f"{key}={value}" for key, value in (settings.sweeper.params or {}).items()]
        (batch,) = BasicSweeper.split_arguments(parser.parse_overrides(params) + overrides, None)
        directory = settings.sweep.dir if multirun else settings.run.dir
    return batch, Path(directory)


def _is_chosen(given: Sequence[Assignment]) -> bool:
    return any(item.key in ("hydra.run.dir", "hydra.sweep.dir") for item in given)


def _compose_trial(
    number: int, texts: Sequence[str], shown: Sequence[str], machine: Machine
) -> Trial:
    adopt = option_file_reader(machine)
    composition = compose_config(texts, {}, conf_dir(), all_argument_names, adopt)
    overrides = tuple(text.lstrip("+") for text in shown if not text.startswith(NOT_SHOWN))
    if composition.config is not None:
        machine = with_model(machine, composition.config.model.path)
    problems = [problem for problem in all_problems(composition, machine) if problem.fatal]
    if composition.config is None or problems:
        return Trial(number, overrides, None, tuple(problems))
    plan = engine_only(plan_launch(composition.config, machine))
    problems = [problem for problem in start_problems(plan) if problem.fatal]
    return Trial(number, overrides, None if problems else plan, tuple(problems))


def engine_only(plan: LaunchPlan) -> LaunchPlan:
    """Leave out what a measurement inside the process does not use: frontend, runtime, events."""
    runtime = RuntimePlan("mem", "tcp", "zmq", {})
    registration = replace(plan.registration, enable_local_indexer=True)
    return replace(plan, frontend=None, runtime=runtime, registration=registration)


def run_directory(wanted: Path, *, chosen: bool) -> Path:
    """Make the directory. A chosen one is continued; a dated one is shared with no other run."""
    candidate = wanted
    for number in itertools.count(2):
        try:
            candidate.mkdir(parents=True, exist_ok=chosen)
            break
        except FileExistsError:
            candidate = wanted.with_name(f"{wanted.name}-{number}")
    return candidate.resolve()
