"""Compose an imported preset as a user would, and see what it comes to."""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dynamo.config.compose import Composition, compose_config
from dynamo.config.machine import Machine
from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.engines.catalogue import Catalogue, load
from dynamo.engines.importing import Found
from dynamo.engines.planners import all_argument_names, option_file_reader
from dynamo.launcher.checking import all_problems
from dynamo.launcher.conf_dir import conf_dir
from dynamo.launcher.importer.preset import preset_text
from dynamo.launcher.importer.translate import Translation
from dynamo.launcher.planning import plan_launch

ENGINE = "backend.engine."
NAME = "imported"


@dataclass(frozen=True)
class Verified:
    """A translation that composes, as far as it can."""

    translation: Translation
    plan: LaunchPlan | None
    """None when the preset is complete but something about it is refused."""
    refused: tuple[Problem, ...]
    """What `action=check` will say about the preset."""


def verified(translation: Translation, machine: Machine) -> Verified:
    """Leave out engine arguments that the worker refuses, and say what else is refused."""
    with composed(preset_text(NAME, translation), machine) as composition:
        problems = all_problems(composition, machine)
    wrong = [_without_temporary_file(problem) for problem in problems if problem.fatal]
    named = {problem.path: problem for problem in wrong if _argument(problem, translation.found)}
    if named:
        catalogue = load(translation.server.backend, _version(translation, machine))
        return verified(_without(translation, named, catalogue), machine)
    plan = None
    if composition.config is not None and not wrong:
        plan = plan_launch(composition.config, machine)
    return Verified(translation, plan, tuple(wrong))


@contextmanager
def composed(text: str, machine: Machine) -> Iterator[Composition]:
    """Compose one preset that is not in conf/; its file is there as long as sources are asked."""
    with tempfile.TemporaryDirectory(prefix="dynamo-launch-") as folder:
        group = Path(folder) / "preset"
        group.mkdir()
        (group / f"{NAME}.yaml").write_text(text, "utf-8")
        overrides = [f"hydra.searchpath=[file://{folder}]", f"preset={NAME}"]
        adopt = option_file_reader(machine)
        yield compose_config(overrides, {}, conf_dir(), all_argument_names, adopt)


def _without_temporary_file(problem: Problem) -> Problem:
    """The preset that was composed is not where the user will have it."""
    own = f"/preset/{NAME}.yaml:" in problem.source
    return dataclasses.replace(problem, source="") if own else problem


def _argument(problem: Problem, found: Found) -> str:
    """Return the imported engine argument that a problem is about; empty when it is about none."""
    name = problem.path.removeprefix(ENGINE).split(".")[0]
    return name if problem.path.startswith(ENGINE) and name in found.engine else ""


def _version(translation: Translation, machine: Machine) -> str | None:
    return machine.engine_versions.get(translation.server.backend)


def _without(
    translation: Translation, named: Mapping[str, Problem], catalogue: Catalogue
) -> Translation:
    found = translation.found
    gone = {_argument(problem, found): problem for problem in named.values()}
    engine = {name: value for name, value in found.engine.items() if name not in gone}
    reasons = (
        dataclasses.replace(
            problem, path=_flag(name, catalogue), value=found.engine[name], fatal=False
        )
        for name, problem in gone.items()
    )
    found = dataclasses.replace(found, engine=engine, left_out=(*found.left_out, *reasons))
    return dataclasses.replace(translation, found=found)


def _flag(name: str, catalogue: Catalogue) -> str:
    """Speak of an argument as the command line does."""
    argument = catalogue.arguments.get(name)
    return argument.flags[0] if argument and argument.flags else ENGINE + name
