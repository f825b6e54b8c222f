"""The model: there, and complete enough for engine and frontend."""

import re
from importlib import metadata
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.config.problems import Problem
from dynamo.config.suggest import closest
from dynamo.config.user_paths import home_expanded, is_directory, is_file
from dynamo.worker.model_places import PACKAGE_PREFIX

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.json")
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def check_model(plan: LaunchPlan) -> list[Problem]:
    """Look at files only; a hub id is fetched later, and a packaged model converted."""
    if plan.engine.backend == "mocker" and plan.frontend is None:
        return []
    reference = plan.model.path
    if reference.startswith(PACKAGE_PREFIX):
        return _check_package(reference)
    path = home_expanded(reference)
    if is_directory(path):
        return _check_directory(path)
    if is_file(path):
        text = "is a file, and the frontend needs the tokenizer beside the weights"
        return [_problem(reference, text, "a directory with config.json")]
    if reference.startswith(("/", ".", "~")) or not HUB_ID.fullmatch(reference):
        return [_missing(path, reference)]
    return []


def _check_package(reference: str) -> list[Problem]:
    package = reference.removeprefix(PACKAGE_PREFIX)
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        text = "names a package that is not installed"
        return [_problem(reference, text, meant=f"pip install --no-deps {package}")]
    return []


def _check_directory(path: Path) -> list[Problem]:
    names = {file.name for file in path.iterdir()}
    problems = []
    if "config.json" not in names:
        problems.append(_problem(str(path), "has no config.json"))
    if not names.intersection(TOKENIZER_FILES):
        allowed = f"one of {', '.join(TOKENIZER_FILES)}"
        problems.append(_problem(str(path), "has no tokenizer", allowed))
    return problems


def _missing(path: Path, reference: str) -> Problem:
    parent = path.parent
    siblings = [entry.name for entry in parent.iterdir()] if is_directory(parent) else []
    near = closest(path.name, siblings, limit=1)
    meant = f"model.path={parent / near[0]}" if near else ""
    allowed = "an existing directory, a hub id, or pypi:<package>"
    return _problem(reference, "does not exist", allowed, meant)


def _problem(value: str, message: str, allowed: str = "", meant: str = "") -> Problem:
    return Problem("model.path", value, message, allowed, meant)
