"""Command lines with Hydra's own flags: checked like all others, then handed to Hydra."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import hydra
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from dynamo.config.assignment import Assignment
from dynamo.config.compose import (
    CONFIG_NAME,
    VERSION_BASE,
    finish,
    given_assignments,
    register_schema,
    vocabulary,
)
from dynamo.config.problems import Problem
from dynamo.config.provenance import search_path
from dynamo.config.schema import ACTIONS
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.launcher.actions import act
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.foreign_flags import flag_problems, foreign_flags, role_conflicts
from dynamo.launcher.machine import this_machine
from dynamo.launcher.report import EXIT_BAD_INPUT, print_problems

COMPLETION = ("install", "uninstall", "query")
"""What can be asked of `--shell-completion`."""


def run_with_flags(arguments: Sequence[str]) -> int:
    """Check flags and overrides, then run our sweep or Hydra."""
    if "--version" in arguments:
        from dynamo.launcher.version import version_text

        print(version_text())
        return 0
    parser = get_args_parser()
    foreign = list(foreign_flags(arguments, parser._option_string_actions))
    if foreign:
        print_problems([*flag_problems(foreign), *role_conflicts(foreign)])
        return EXIT_BAD_INPUT
    flags, unknown = parser.parse_known_args(list(arguments))
    problems = _refused_flags(flags)
    if (flags.shell_completion or flags.hydra_help) and not problems:
        return _run_hydra(list(arguments), {})
    given, found = _check([*flags.overrides, *unknown], flags)
    problems += found
    problems += _endless_sweep(given, flags)
    print_problems(problems)
    if any(problem.fatal for problem in problems):
        return EXIT_BAD_INPUT
    texts = [assignment.text for assignment in given]
    if _is_our_sweep(flags, texts):
        from dynamo.launcher.sweep import sweep

        return sweep(given)
    rest = _without(arguments, [*flags.overrides, *unknown])
    return _run_hydra([*rest, *texts], {item.text: item for item in given})


def _check(
    overrides: Sequence[str], flags: argparse.Namespace
) -> tuple[list[Assignment], list[Problem]]:
    register_schema()
    with initialize_config_dir(str(conf_dir()), version_base=VERSION_BASE):
        loader = cast(ConfigLoaderImpl, GlobalHydra.instance().config_loader())
        user_dirs = [*search_path(overrides), *map(Path, filter(None, [flags.config_dir]))]
        names = vocabulary(loader, all_argument_names, user_dirs)
        return given_assignments(overrides, os.environ, names, sweep=flags.multirun)


def _refused_flags(flags: argparse.Namespace) -> list[Problem]:
    """Refuse what Hydra answers with a traceback, or by unpickling a file."""
    problems = []
    if flags.experimental_rerun:
        text = "is refused: it unpickles a file, which can run any code"
        allowed = "the overrides of the earlier run, as its .hydra/overrides.yaml lists them"
        problems.append(Problem("--experimental-rerun", flags.experimental_rerun, text, allowed))
    words = [word.partition("=")[0] for word in flags.overrides]
    if flags.shell_completion and len(set(words) & set(COMPLETION)) != 1:
        text, allowed = "does not say what to do", ", ".join(f"{word}=bash" for word in COMPLETION)
        problems.append(Problem("--shell-completion", " ".join(words), text, allowed))
    return problems


def _endless_sweep(given: Sequence[Assignment], flags: argparse.Namespace) -> list[Problem]:
    actions = [item.text for item in given if item.key == "action"]
    if not flags.multirun or (actions and actions[-1] != "action=serve"):
        return []
    text = "runs until it is stopped, so a sweep would never reach its second run"
    allowed = ", ".join(name for name in ACTIONS if name != "serve")
    return [Problem("action", "serve", text, allowed, "action=bench", source="command line")]


def _is_our_sweep(flags: argparse.Namespace, texts: Sequence[str]) -> bool:
    """Our loop reuses engines; other actions and launchers for clusters are Hydra's."""
    elsewhere = any(text.startswith(("hydra/launcher=", "hydra/sweeper=")) for text in texts)
    only_multirun = not (flags.cfg or flags.info or flags.config_dir or flags.config_name)
    return flags.multirun and only_multirun and not elsewhere and "action=bench" in texts


def _without(arguments: Sequence[str], removed: Sequence[str]) -> list[str]:
    rest = list(arguments)
    for argument in removed:
        rest.remove(argument)
    return rest


def _run_hydra(arguments: list[str], given: dict[str, Assignment]) -> int:
    """Run hydra.main; returns the worst exit status of its jobs."""
    statuses = [0]
    machine = this_machine()

    def job(tree: DictConfig) -> None:
        loader = cast(ConfigLoaderImpl, GlobalHydra.instance().config_loader())
        texts = list(HydraConfig.get().overrides.task)
        assignments = [given.get(text, _from_sweep(text)) for text in texts]
        composition = finish(tree, loader, assignments, [], option_file_reader(machine))
        statuses.append(act(composition, machine))

    register_schema()
    program = sys.argv[0] if sys.argv else "launch.py"
    sys.argv = [program, *arguments]
    hydra.main(str(conf_dir()), CONFIG_NAME, VERSION_BASE)(job)()
    return max(statuses)


def _from_sweep(text: str) -> Assignment:
    key, _, value = text.lstrip("+").partition("=")
    return Assignment(key, value, "command line", text)
