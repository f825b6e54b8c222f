"""Compose conf/, environment and command line into one typed configuration, once.

Nothing is raised for bad input: whatever is wrong is collected as problems, and what is right is
composed nevertheless, so that one run finds everything.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from dynamo.config.adoption import Adopt, checked_adoption, nothing
from dynamo.config.aliases import rename
from dynamo.config.assignment import Assignment
from dynamo.config.backend_choice import (
    chosen_backend,
    concerning,
    renamed_backend,
    settings_of_other_backends,
)
from dynamo.config.composed_problems import (
    file_problems,
    limit_problems,
    reference_problems,
    unexplained,
)
from dynamo.config.connector_choice import without_default_connector
from dynamo.config.entries import entry_problems
from dynamo.config.environment import read_environment
from dynamo.config.exposed_secrets import exposed_secrets
from dynamo.config.overrides import Vocabulary, check_overrides
from dynamo.config.problems import Problem
from dynamo.config.provenance import (
    SCHEMA_DEFAULT,
    file_assignments,
    flatten,
    search_path,
    sources,
)
from dynamo.config.role_switches import read_role_switches
from dynamo.config.schema import BACKENDS, Config
from dynamo.config.schema_index import SchemaIndex, schema_index
from dynamo.config.user_paths import is_directory
from dynamo.config.values import as_declared

CONFIG_NAME = "config"
VERSION_BASE = "1.3"


@dataclass(frozen=True)
class Composition:
    """A composed configuration, or the reasons why there is none."""

    config: Config | None
    """None when something fatal kept Hydra from composing."""
    problems: tuple[Problem, ...]
    overrides: tuple[str, ...]
    """Environment and command line as Hydra takes them, weakest first."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Each leaf's value by its path."""
    given: tuple[Assignment, ...] = ()
    """The overrides one by one, with their sources."""
    find_sources: Callable[[], dict[str, str]] = dict

    @functools.cached_property
    def sources(self) -> dict[str, str]:
        """Where each leaf's value came from, by its path. Reads the files again: on demand."""
        return self.find_sources()

    def source_of(self, path: str) -> str:
        """Return where one leaf's value came from, empty when there is no such leaf.

        Overrides win over files: only a leaf that none of them gave makes the files be read again.
        """
        if path not in self.values:
            return ""
        source = sources([path], self.given)[path]
        return self.sources[path] if source == SCHEMA_DEFAULT else source

    @property
    def fatal(self) -> bool:
        """Whether anything found so far forbids going on."""
        return any(problem.fatal for problem in self.problems)


@functools.cache
def register_schema() -> None:
    """Put the schema where conf/ finds it: outside the user's groups, so that it is no option.

    Once for a process: it takes as long as a third of a composition.
    """
    store = ConfigStore.instance()
    store.store(CONFIG_NAME, Config, group="schema", package="_global_")
    for name, owner in BACKENDS.items():
        store.store(name, owner, group="schema/backend")


def compose_config(
    overrides: Sequence[str],
    environ: Mapping[str, str],
    config_dir: Path,
    engine_arguments: Callable[[], Iterable[str]] = tuple,
    adopt: Adopt = nothing,
) -> Composition:
    """Compose once, and once more when the composed backend names a file of its engine to `adopt`.

    `engine_arguments` names all engine arguments, for suggestions only.
    """
    register_schema()
    with initialize_config_dir(str(config_dir), version_base=VERSION_BASE):
        loader = cast(ConfigLoaderImpl, GlobalHydra.instance().config_loader())
        names = vocabulary(loader, engine_arguments, search_path(overrides))
        given, problems = given_assignments(overrides, environ, names)
        tree, given, found = _tree(loader, names, given)
        problems += found
        if tree is None:
            return Composition(None, tuple(problems), tuple(item.text for item in given))
        return finish(tree, loader, given, problems, adopt)


def _tree(
    loader: ConfigLoaderImpl, names: Vocabulary, given: list[Assignment]
) -> tuple[DictConfig | None, list[Assignment], list[Problem]]:
    """Let Hydra compose; without settings of other backends when it cannot, to find all else."""
    texts = [assignment.text for assignment in given]
    try:
        return compose(CONFIG_NAME, texts), given, []
    except (HydraException, OmegaConfBaseException) as error:
        backend = chosen_backend(loader, texts, names.groups)
        strange = list(settings_of_other_backends(given, backend))
        if not strange:
            return None, given, file_problems(loader, texts) or [unexplained(error)]
        keys = {problem.path for problem in strange}
        tree, rest, problems = _tree(loader, names, [i for i in given if i.key not in keys])
        return tree, rest, [*strange, *problems]


def vocabulary(
    loader: ConfigLoaderImpl,
    engine_arguments: Callable[[], Iterable[str]],
    user_dirs: Sequence[Path] = (),
) -> Vocabulary:
    """Return every name that an override may use; `user_dirs` hold further options."""
    # Not the loader's own methods: each call would copy the schema, which takes 40 ms.
    listing = loader.repository.get_group_options
    groups = set(listing("", ObjectType.GROUP)) - {"schema", "hydra"}
    user_dirs = [folder for folder in user_dirs if is_directory(folder)]
    groups.update(path.name for own in user_dirs for path in own.glob("*") if path.is_dir())

    def options(group: str) -> Sequence[str]:
        own = [file.stem for folder in user_dirs for file in (folder / group).glob("*.yaml")]
        return [*listing(group, ObjectType.CONFIG), *own]

    def backend(overrides: Iterable[str]) -> str | None:
        return chosen_backend(loader, overrides, groups)

    return Vocabulary(schema_index(), frozenset(groups), options, engine_arguments, backend)


def given_assignments(
    overrides: Sequence[str],
    environ: Mapping[str, str],
    names: Vocabulary,
    *,
    sweep: bool = False,
) -> tuple[list[Assignment], list[Problem]]:
    """Check environment and command line; the command line comes last and wins (R1)."""
    overrides = without_null_preset(overrides)
    variables = concerning(environ, lambda: names.backend(overrides))
    environ = variables.environ
    environment = read_environment(environ, schema_index().fields.values())
    role = read_role_switches(overrides, environ)
    renamed = rename(role.overrides, names.schema.fields, sweep=sweep)
    given: list[Assignment] = []
    problems = [*variables.problems, *environment.problems, *role.problems, *renamed.notices]
    for variable in (*environment.assignments, *role.from_environment):
        checked = check_overrides([variable.text], names, source=variable.source)
        given += checked.assignments
        problems += checked.problems
    checked = check_overrides([*renamed.overrides, *role.from_command_line], names, sweep=sweep)
    given = without_default_connector([*given, *checked.assignments])
    return given, [*problems, *checked.problems]


def without_null_preset(overrides: Sequence[str]) -> list[str]:
    """Take back presets chosen before a `preset=null`: Hydra cannot choose nothing."""
    nulls = [place for place, text in enumerate(overrides) if text in ("preset=null", "preset=")]
    last = nulls[-1] if nulls else -1
    return [t for n, t in enumerate(overrides) if n > last or not t.startswith("preset=")]


def finish(
    tree: DictConfig,
    loader: ConfigLoaderImpl,
    given: list[Assignment],
    problems: list[Problem],
    adopt: Adopt = nothing,
) -> Composition:
    """Turn a composed tree into typed data and look for what Hydra does not check.

    What the engine's own file says is put in front of everything that is given (R143).
    """
    if strange := renamed_backend(tree.backend):
        return Composition(None, (*problems, *strange), tuple(item.text for item in given))
    adopted = adopt(cast(dict[str, Any], OmegaConf.to_container(tree.backend)))
    if adopted.assignments:
        adopted = checked_adoption(adopted, given, vocabulary(loader, tuple))
    problems += adopted.problems
    given = [*adopted.assignments, *given]
    texts = tuple(assignment.text for assignment in given)
    try:
        tree = compose(CONFIG_NAME, list(texts)) if adopted.assignments else tree
    except (HydraException, OmegaConfBaseException) as error:
        return Composition(None, (*problems, unexplained(error)), texts)
    index = schema_index(tree.backend.name)
    try:
        problems += [
            Problem(key, "???", "has no value and needs one", suggestion=f"{key}=...")
            for key in sorted(OmegaConf.missing_keys(tree))
        ]
        values = dict(flatten(OmegaConf.to_container(tree, resolve=True)))
        for path, value in _respelled(index, values):
            OmegaConf.update(tree, path, value)
            values[path] = value
        config = cast(Config, OmegaConf.to_object(tree))
    except MissingMandatoryValue:
        return Composition(None, tuple(problems), texts)
    except OmegaConfBaseException as error:
        return Composition(None, (*problems, unexplained(error)), texts)

    def find_sources() -> dict[str, str]:
        return sources(values, [*file_assignments(loader, texts), *given])

    strange = list(reference_problems(index, values))
    if strange:
        return Composition(None, (*problems, *strange), texts)
    problems += [*limit_problems(index, values), *entry_problems(index, values)]
    problems += exposed_secrets(given, index)
    return Composition(config, tuple(problems), texts, values, tuple(given), find_sources)


def _respelled(index: SchemaIndex, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the choices that are written in another case than the schema's."""
    chosen = [(path, index.fields[path]) for path in values if path in index.fields]
    pairs = [(path, as_declared(values[path], field)) for path, field in chosen]
    return [(path, value) for path, value in pairs if value != values[path]]
