"""Rules about the global router's file and what belongs to it."""

from collections.abc import Iterator
from dataclasses import replace

from dynamo.config.global_router import read
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.user_paths import home_expanded


def file_is_valid(config: Config) -> Iterator[Problem]:
    """R165 to R169: everything that is wrong in the file, named by its place in the file."""
    path = config.global_router.config
    if path is None:
        return
    file = home_expanded(path)
    for problem in read(file).problems:
        where = path if problem.path == str(file) else f"{path}: {problem.path}"
        yield replace(problem, path=where)


def model_has_a_name(config: Config) -> Iterator[Problem]:
    """R165: the global router registers a model, so it needs its name; a name alone does
    nothing."""
    router = config.global_router
    if router.config is not None and not router.model_name:
        path, text = "global_router.model_name", "is missing beside global_router.config"
        yield Problem(path, None, text, "the name that the pools serve", rule="R165")
